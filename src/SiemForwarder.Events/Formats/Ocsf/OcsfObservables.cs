using SiemForwarder.Events.Addresses;
using SiemForwarder.Events.Formats.Json;

namespace SiemForwarder.Events.Formats.Ocsf;

/// <summary>Writes <c>observables</c>: the address and the account, for searching across all classes.</summary>
/// <remarks>The name of an observable is the path of an attribute in the event (ocsf/ocsf-schema, objects/observable.json).</remarks>
internal static class OcsfObservables
{
    /// <summary>The place of an account in the event.</summary>
    private enum Place
    {
        Nowhere,
        User,
        Users,
        Entity,
        Actor,
    }

    public static void Write(SecurityEvent securityEvent, OcsfActivity activity, bool isVersion19, JsonMembers json)
    {
        var address = IpLiteral.Read(securityEvent.IpAddress, stackalloc char[IpLiteral.MaxTextLength]);
        var place = Find(securityEvent, activity, isVersion19);
        var user = place == Place.Nowhere ? null : securityEvent.Subject;
        json.OpenList("observables"u8, Worth.Repetition);
        Write("src_endpoint.ip"u8, 2, address.IsAddress ? address.Text : [], json);
        Write(
            place switch { Place.User => "user.name"u8, Place.Users => "users[0].name"u8, Place.Entity => "entity.name"u8, _ => "actor.user.name"u8 },
            4, NameOf(user, place, securityEvent.Admin), json);
        Write(
            place switch { Place.User => "user.uid"u8, Place.Users => "users[0].uid"u8, Place.Entity => "entity.uid"u8, _ => "actor.user.uid"u8 },
            31, user?.Id, json);
        var hasEmail = place != Place.Entity && OcsfEmail.IsValid(user?.Email) && OcsfEmail.IsShort(user!.Email!);
        Write(
            place switch { Place.User => "user.email_addr"u8, Place.Users => "users[0].email_addr"u8, _ => "actor.user.email_addr"u8 },
            5, hasEmail ? user!.Email : null, json);
        json.Close();
    }

    private static Place Find(SecurityEvent securityEvent, OcsfActivity activity, bool isVersion19)
    {
        if (securityEvent.Subject is not { } subject)
        {
            return Place.Nowhere;
        }

        switch (activity.ClassUid)
        {
            case OcsfClasses.AccountChange or OcsfClasses.Authentication or OcsfClasses.UserAccess or OcsfClasses.UserManagement:
                return Place.User;
            case OcsfClasses.GroupManagement:
                return isVersion19 ? Place.Users : Place.User;
            case OcsfClasses.EntityManagement when IsEntity(securityEvent, subject):
                return Place.Entity;
            default:
                return ReferenceEquals(subject, securityEvent.Actor) ? Place.Actor : Place.Nowhere;
        }
    }

    private static bool IsEntity(SecurityEvent securityEvent, EventParty subject) => securityEvent.Admin is { } admin
        ? admin.ResourceType == "USER" && admin.ResourceId == subject.Id
        : !OcsfEntity.IsClient(securityEvent) && !securityEvent.Type.Contains("REGISTER_NODE", StringComparison.Ordinal);

    // An entity has the name given in its representation.
    private static string? NameOf(EventParty? user, Place place, AdminAction? admin) =>
        place == Place.Entity ? admin?.ResourceName ?? user?.Name : user?.Name;

    /// <summary>Writes one observable, if it has a value.</summary>
    public static void Write(ReadOnlySpan<byte> name, int type, ReadOnlySpan<char> value, JsonMembers json)
    {
        if (!value.IsEmpty)
        {
            json.OpenItem();
            json.Text("name"u8, name);
            json.Number("type_id"u8, type);
            json.Text("value"u8, value);
            json.Close();
        }
    }
}
