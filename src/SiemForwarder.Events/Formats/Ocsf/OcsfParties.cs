using SiemForwarder.Events.Addresses;
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
            // The brute-force counters of all users are cleared at a path without a user.
            var nobody = securityEvent.Admin is { ResourceType: "USER_LOGIN_FAILURE" } ? "*" : "unknown";
            json.Open("user"u8);
            WriteUser(securityEvent.Subject, nobody, isAdministrator: false, json);
            json.Close();
        }

        WriteActor(securityEvent, activity, hasUser, json);
        WriteSource(securityEvent.IpAddress, securityEvent.Location, activity.ClassUid == OcsfClasses.ApiActivity, json);
    }

    /// <summary>Writes the attributes of a user, for which OCSF requires at least a name or an id.</summary>
    public static void WriteUser(EventParty? party, ReadOnlySpan<char> nobody, bool isAdministrator, JsonMembers json)
    {
        if (party?.Id is { Length: > 0 } id)
        {
            json.Identity("uid"u8, id);
            json.Text("name"u8, party.Name, Worth.Core);
        }
        else
        {
            json.Identity("name"u8, party?.Name is { Length: > 0 } name ? name : nobody);
        }

        var type = party is { IsServiceAccount: true } ? Service : isAdministrator ? Administrator : OrdinaryUser;
        json.Number("type_id"u8, type);
        json.Text("type"u8, type switch { Administrator => "Admin"u8, Service => "Service"u8, _ => "User"u8 }, Worth.Caption);
        json.Text("domain"u8, party?.Realm, Worth.Context);
        if (OcsfEmail.IsValid(party?.Email) && !json.IsScarce)
        {
            // An observable refers to a short one, so it must stay as long as the user does.
            json.Address("email_addr"u8, party!.Email, OcsfEmail.IsShort(party.Email!) ? Worth.Core : Worth.Fact);
        }
    }

    // OCSF requires a user, a session or an app in every actor.
    private static void WriteActor(SecurityEvent securityEvent, OcsfActivity activity, bool hasUser, JsonMembers json)
    {
        var actor = securityEvent.Actor;
        var isAnother = actor is not null && (!hasUser || !ReferenceEquals(actor, securityEvent.Subject));
        var isRequired = activity.ClassUid == OcsfClasses.ApiActivity;
        // A client that is registered, changed or deleted is the target; who did it is not reported.
        var isActedOn = activity.ClassUid == OcsfClasses.EntityManagement && OcsfEntity.IsClient(securityEvent);
        var client = isActedOn ? null : securityEvent.ClientId is { Length: > 0 } clientId ? clientId : actor?.ClientId;
        if (json.IsScarce ? !isRequired : !isAnother && !isRequired && string.IsNullOrEmpty(client))
        {
            return;
        }

        // Without a user, only the app makes the actor valid, so both are kept or omitted together.
        json.Open("actor"u8, isAnother || isRequired ? Worth.Core : Worth.Fact);
        if (isAnother || isRequired)
        {
            json.Open("user"u8);
            WriteUser(actor, "unknown", securityEvent.Kind == EventKind.Admin, json);
            json.Close();
        }

        json.Text("app_name"u8, isActedOn ? null : securityEvent.ClientId);
        json.Text("app_uid"u8, client);
        var idp = EventDetails.Find(securityEvent.Details, "identity_provider") ?? actor?.Realm ?? securityEvent.Source.Realm;
        if (idp.Length > 0 && !json.IsScarce)
        {
            json.Open("idp"u8, Worth.Context);
            json.Text("name"u8, idp);
            json.Text("uid"u8, idp);
            json.Close();
        }

        json.Close();
    }

    /// <summary>Writes where a request came from.</summary>
    public static void WriteSource(string? address, EventLocation? location, bool isRequired, JsonMembers json)
    {
        var isKnown = !string.IsNullOrEmpty(address) && !json.IsScarce;
        if (!isKnown && !isRequired && (location is null || json.IsScarce))
        {
            return;
        }

        var literal = IpLiteral.Read(address, stackalloc char[IpLiteral.MaxTextLength]);
        json.Open("src_endpoint"u8);
        if (!isKnown)
        {
            json.Text("name"u8, "unknown"u8);
        }
        else if (literal.IsAddress)
        {
            json.Address("ip"u8, literal.Text);
            json.Number("port"u8, literal.Port, Worth.Fact);
        }
        else
        {
            json.Text("name"u8, address, Worth.Core);
        }

        LocationMembers.WriteOcsf(location, json);
        json.Close();
    }
}
