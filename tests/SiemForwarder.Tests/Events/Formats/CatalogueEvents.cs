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
        Thoroughness.Of(RecordedEvents.Names.SelectMany(RecordedEvents.Normalized).Concat(Keycloak()).Concat(Applications())).Append(TestEvent.Create(Some.Source, "t-1", Some.ReceivedAt));

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
}
