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
        RecordedEvents.Names.SelectMany(RecordedEvents.Normalized).Concat(OfEveryType()).Append(TestEvent.Create(Some.Source, "t-1", Some.ReceivedAt));

    private static IEnumerable<SecurityEvent> OfEveryType()
    {
        foreach (var description in KeycloakEventCatalog.All.Append(KeycloakEventCatalog.DescribeUser("BRAND_NEW", null)))
        {
            if (description.Kind == EventKind.User)
            {
                yield return Some.Normalized(EventStream.User, $$"""{"id":"e1","time":1762164930123,"type":"{{description.Type}}"}""");
                yield return Some.Normalized(EventStream.User, $$$"""
                    {"id":"e1","time":1762164930123,"type":"{{{description.Type}}}","realmId":"r1","clientId":"web-app","userId":"u1","ipAddress":"2001:db8::1","sessionId":"s1",
                     "details":{"username":"alice","email":"alice@example.com","auth_method":"saml","credential_type":"otp","identity_provider":"github",
                     "impersonator":"root","impersonator_realm":"master","token_id":"t1","redirect_uri":"https://app.example.com:8443/cb?code=x"} }
                    """);
                continue;
            }

            var parts = description.Type.Split('-', 2);
            foreach (var path in Paths)
            {
                yield return Some.Normalized(EventStream.Admin, $$$"""
                    {"id":"e1","time":1762164930123,"operationType":"{{{parts[0]}}}","resourceType":"{{{parts[1]}}}","resourcePath":"{{{path}}}",
                     "authDetails":{"realmId":"master","clientId":"c1","userId":"a1","ipAddress":"192.0.2.1"},"representation":"{\"name\":\"thing\"}"}
                    """);
            }
        }
    }
}
