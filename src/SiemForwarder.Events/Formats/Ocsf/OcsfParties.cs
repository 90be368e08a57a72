using SiemForwarder.Events.Formats.Cef;
using SiemForwarder.Events.Formats.Json;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events.Formats.Ocsf;

/// <summary>Writes <c>user</c>, <c>actor</c> and <c>src_endpoint</c>.</summary>
internal static class OcsfParties
{
    private const int OrdinaryUser = 1;
    private const int Administrator = 2;
    private const int Service = 4;

    public static void Write(SecurityEvent securityEvent, OcsfActivity activity, JsonMembers json)
    {
        var hasUser = activity.ClassUid is OcsfClasses.AccountChange or OcsfClasses.Authentication or OcsfClasses.UserAccess or OcsfClasses.UserManagement;
        if (hasUser)
        {
            // The brute-force counters of all users are cleared at a path that names none.
            var nobody = securityEvent.Admin is { ResourceType: "USER_LOGIN_FAILURE" } ? "*" : "unknown";
            json.Open("user"u8);
            WriteUser(securityEvent.Subject, nobody, isAdministrator: false, json);
            json.Close();
        }

        WriteActor(securityEvent, activity, hasUser, json);
        WriteSource(securityEvent.IpAddress, securityEvent.Location, activity.ClassUid == OcsfClasses.ApiActivity, json);
    }

    /// <summary>Writes the attributes of a user, of which OCSF wants at least a name or an id.</summary>
    public static void WriteUser(EventParty? party, ReadOnlySpan<char> nobody, bool isAdministrator, JsonMembers json)
    {
        if (party?.Id is { Length: > 0 } id)
        {
            json.Identity("uid"u8, id);
            json.Text("name"u8, party.Name);
        }
        else
        {
            json.Identity("name"u8, party?.Name is { Length: > 0 } name ? name : nobody);
        }

        var type = isAdministrator ? Administrator : party is { IsServiceAccount: true } ? Service : OrdinaryUser;
        json.Number("type_id"u8, type);
        json.Text("type"u8, type switch { Administrator => "Admin", Service => "Service", _ => "User" });
        json.Text("domain"u8, party?.Realm);
        if (OcsfEmail.IsValid(party?.Email) && !json.IsScarce)
        {
            json.Address("email_addr"u8, party!.Email);
        }
    }

    // OCSF wants a user, a session or an app in every actor.
    private static void WriteActor(SecurityEvent securityEvent, OcsfActivity activity, bool hasUser, JsonMembers json)
    {
        var actor = securityEvent.Actor;
        var isAnother = actor is not null && (!hasUser || !ReferenceEquals(actor, securityEvent.Subject));
        var isRequired = activity.ClassUid == OcsfClasses.ApiActivity;
        var client = securityEvent.ClientId is { Length: > 0 } clientId ? clientId : actor?.ClientId;
        if (json.IsScarce ? !isRequired : !isAnother && !isRequired && string.IsNullOrEmpty(client))
        {
            return;
        }

        json.Open("actor"u8);
        if (isAnother || isRequired)
        {
            json.Open("user"u8);
            WriteUser(actor, "unknown", securityEvent.Kind == EventKind.Admin, json);
            json.Close();
        }

        json.Text("app_name"u8, securityEvent.ClientId);
        json.Text("app_uid"u8, client);
        var idp = EventDetails.Find(securityEvent.Details, "identity_provider") ?? securityEvent.Source.Realm;
        if (idp.Length > 0 && !json.IsScarce)
        {
            json.Open("idp"u8);
            json.Text("name"u8, idp);
            json.Text("uid"u8, idp);
            json.Close();
        }

        json.Close();
    }

    private static void WriteSource(string? address, EventLocation? location, bool isRequired, JsonMembers json)
    {
        var isKnown = !string.IsNullOrEmpty(address) && !json.IsScarce;
        if (!isKnown && !isRequired && (location is null || json.IsScarce))
        {
            return;
        }

        Span<char> scratch = stackalloc char[16];
        json.Open("src_endpoint"u8);
        if (!isKnown)
        {
            json.Text("name"u8, "unknown"u8);
        }
        else if (IpLiteral.Read(address, scratch, out var text) != CefAddressKind.Name)
        {
            json.Address("ip"u8, text);
        }
        else
        {
            json.Text("name"u8, address);
        }

        LocationMembers.WriteOcsf(location, json);
        json.Close();
    }
}
