using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Events.Keycloak;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Formats;

/// <summary>Events for the tests of schemas: every recorded one, and one of every type that the catalogue lists.</summary>
internal static class CatalogueEvents
{
    private static readonly string[] Paths =
    [
        "", "users/u1", "users/u1/reset-password", "users/u1/credentials/c1", "users/u1/execute-actions-email", "users/u1/logout", "users/u1/impersonation",
        "users/u1/federated-identity/github", "sessions/s1", "users/u1/role-mappings/realm", "groups/g1/role-mappings/realm", "roles/r1/composites",
        "groups/g1", "groups/g1/children", "users/u1/groups/g1", "organizations/o1/members/u1", "clients/c1/client-secret", "events/config", "events",
    ];

    public static IEnumerable<SecurityEvent> All() =>
        Thoroughness.Of(RecordedEvents.Names.SelectMany(RecordedEvents.Normalized).Concat(Keycloak()).Concat(Applications())).Concat(Detections()).Append(TestEvent.Create(Some.Source, "t-1", Some.ReceivedAt));

    /// <summary>One event of every type that Keycloak has, with all that it may hold; every path that an administrator's event may name occurs.</summary>
    public static IEnumerable<SecurityEvent> Types() =>
        KeycloakEventCatalog.All.Append(KeycloakEventCatalog.DescribeUser("BRAND_NEW", null))
            .Select((description, index) => description.Kind == EventKind.User ? FullLogin(description.Type) : Change(description.Type, Paths[index % Paths.Length]));

    private static IEnumerable<SecurityEvent> Keycloak()
    {
        foreach (var description in KeycloakEventCatalog.All.Append(KeycloakEventCatalog.DescribeUser("BRAND_NEW", null)))
        {
            if (description.Kind == EventKind.User)
            {
                yield return Some.Normalized(EventStream.User, $$"""{"id":"e1","time":1762164930123,"type":"{{description.Type}}"}""");
                yield return FullLogin(description.Type);
                continue;
            }

            foreach (var path in Paths)
            {
                yield return Change(description.Type, path);
            }
        }
    }

    private static SecurityEvent FullLogin(string type) => Some.Normalized(EventStream.User, $$$"""
        {"id":"e1","time":1762164930123,"type":"{{{type}}}","realmId":"r1","clientId":"web-app","userId":"u1","ipAddress":"2001:db8::1","sessionId":"s1",
         "details":{"username":"alice","email":"alice@example.com","auth_method":"saml","credential_type":"otp","identity_provider":"github",
         "impersonator":"root","impersonator_realm":"master","token_id":"t1","redirect_uri":"https://app.example.com:8443/cb?code=x"} }
        """);

    private static SecurityEvent Change(string type, string path)
    {
        var parts = type.Split('-', 2);
        return Some.Normalized(EventStream.Admin, $$$"""
            {"id":"e1","time":1762164930123,"operationType":"{{{parts[0]}}}","resourceType":"{{{parts[1]}}}","resourcePath":"{{{path}}}",
             "authDetails":{"realmId":"master","clientId":"c1","userId":"a1","ipAddress":"192.0.2.1"},"representation":"{\"name\":\"thing\"}"}
            """);
    }

    /// <summary>Events of every type beyond Keycloak's, and of names that nobody knows: bare, with somebody acting on another, and with all that the native schema has.</summary>
    public static IEnumerable<SecurityEvent> Applications()
    {
        foreach (var type in EventCatalog.All.Where(description => description.Kind == EventKind.Application).Select(description => description.Type).Append("order.cancelled").Append("account.archived"))
        {
            yield return Some.Normalized(EventStream.Pushed, $$"""{"event_id":"e1","timestamp":"2025-11-03T10:15:30.123Z","event_type":"{{type}}"}""");
            yield return Some.Normalized(EventStream.Pushed, $$"""{"event_id":"e1","timestamp":1762164930123,"event_type":"{{type}}","outcome":"failure","reason":"denied","subject":"alice","requestor":"bob"}""");
            yield return Some.Normalized(EventStream.Pushed, $$$"""
                {"event_id":"e1","timestamp":"2025-11-03T10:15:30.123Z","event_type":"{{{type}}}","outcome":"success","severity":7,"reason":"because","subject":"alice","subject_id":"u1",
                 "requestor":"bob","requestor_id":"u2","requestor_realm":"corp","org_id":"acme-org","realm_id":"r1","client_id":"crm","session_id":"s1","transaction_id":"t1",
                 "ip_address":"2001:db8::7","location":{"city":"Zürich","region":"Zürich","regionCode":"ZH","country":"CH","latitude":47.37,"longitude":8.54,"accuracyRadiusKm":5,
                 "autonomousSystemNumber":64496,"autonomousSystemOrganization":"Example Net"},"operation":"ISSUE","resource_type":"Certificate","resource_path":"ca/1/certificates/7",
                 "resource_id":"7","resource_name":"web01","representation":{"serial":"7","password":"S3CRET"},"context":{"amount":"120.00","secret":"S3CRET"},"extra":[1,{"token":"S3CRET"}]}
                """);
        }
    }

    /// <summary>Alerts of detection rules: with all that one may hold, with little, and with what an attacker typed as the group.</summary>
    public static IEnumerable<SecurityEvent> Detections()
    {
        yield return Some.Normalized(EventStream.Detection, """
            {"event_id":"0190f3c1-5b7e-8d2a-9c4f-0a1b2c3d4e5f","timestamp":"2025-11-03T10:15:30.123Z","event_type":"DETECTION","severity":8,
             "reason":"12 events of ip 2001:db8::7","org_id":"acme","subject":"alice","subject_id":"u1","client_id":"crm","session_id":"s1","ip_address":"2001:db8::7",
             "rule_id":"6f0a8a52-2a43-4b0c-9a53-0f3f5f6c2f11","rule_title":"Password spraying","rule_version":"00112233445566778899aabbccddeeff","rule_level":"high",
             "rule_description":"One address tries many users.","rule_tags":"attack.credential-access,attack.t1110,attack.t1110.003","attack_techniques":"T1110,T1110.003",
             "attack_tactics":"credential-access","rule_false_positives":"NAT; migration days","group.ip":"2001:db8::7","value":12,"event_count":12,"suppressed_count":3,
             "first_at":"2025-11-03T10:05:30.123Z","last_at":"2025-11-03T10:15:30.123Z","event_source":"production",
             "events":[{"id":"e1","source":"production","position":17,"time":"2025-11-03T10:15:30.123Z"}]}
            """);
        yield return Some.Normalized(EventStream.Detection, """
            {"event_id":"0190f3c1-5b7e-8d2a-9c4f-0a1b2c3d4e60","timestamp":"2025-11-03T10:15:30.123Z","event_type":"DETECTION","severity":10,"rule_id":"r","rule_title":"Root",
             "rule_level":"critical","event_count":1,"suppressed_count":0}
            """);
        yield return Some.Normalized(EventStream.Detection, """
            {"event_id":"0190f3c1-5b7e-8d2a-9c4f-0a1b2c3d4e61","timestamp":"2025-11-03T10:15:30.123Z","event_type":"DETECTION","severity":3,"rule_id":"log-injection",
             "rule_title":"Log injection attempt","rule_level":"low","attack_techniques":"T1565.001","subject":"x|CEF:0|a=b\n<13>1 \"]","group.username":"x|CEF:0|a=b\n<13>1 \"]",
             "event_count":1,"suppressed_count":0,"event_source":"a|b"}
            """);
    }
}
