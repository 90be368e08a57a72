using SiemForwarder.Events.Addresses;
using SiemForwarder.Events.Formats.Json;

namespace SiemForwarder.Events.Formats.Ecs;

/// <summary>Writes the parties: <c>user</c>, <c>user.target</c>, <c>user.effective</c>, <c>group</c>, <c>organization</c> and <c>source</c>.</summary>
internal static class EcsParties
{
    public static void Write(SecurityEvent securityEvent, JsonMembers json)
    {
        var actor = securityEvent.Actor;
        var target = ReferenceEquals(actor, securityEvent.Subject) ? null : securityEvent.Subject;
        if (actor is not null || target is not null)
        {
            json.Open("user"u8);
            WriteUser(actor, json);
            WriteParty("target"u8, target, json);
            // Someone acting as another user, from the impersonation on.
            WriteParty(
                "effective"u8, securityEvent is { Kind: EventKind.User, Outcome: EventOutcome.Success } ? target : null, json, Worth.Repetition);
            json.Close();
        }

        WriteGroup(securityEvent.Admin, json);
        WriteSource(securityEvent.IpAddress, securityEvent.Location, json);
    }

    private static void WriteParty(ReadOnlySpan<byte> name, EventParty? party, JsonMembers json, Worth worth = Worth.Core)
    {
        if (party is not null)
        {
            json.Open(name, worth);
            WriteUser(party, json);
            json.Close();
        }
    }

    private static void WriteUser(EventParty? party, JsonMembers json)
    {
        json.Text("id"u8, party?.Id, Worth.Core);
        json.Text("name"u8, party?.Name, Worth.Core);
        json.Text("email"u8, party?.Email);
        json.Text("domain"u8, party?.Realm, Worth.Context);
    }

    private static void WriteGroup(AdminAction? admin, JsonMembers json)
    {
        var isOrganization = admin?.ResourceType is "ORGANIZATION" or "ORGANIZATION_MEMBERSHIP";
        if (admin is null || (!isOrganization && !AdminGroups.IsGroup(admin)))
        {
            return;
        }

        json.Open(isOrganization ? "organization"u8 : "group"u8);
        json.Text("id"u8, AdminGroups.Id(admin));
        json.Text("name"u8, admin.ResourceType == "ORGANIZATION" ? admin.ResourceName : AdminGroups.Name(admin));
        json.Close();
    }

    // source.ip is of type ip: with a host name in it, Elasticsearch rejects the whole event.
    private static void WriteSource(string? address, EventLocation? location, JsonMembers json)
    {
        if (string.IsNullOrEmpty(address) && location is null)
        {
            return;
        }

        var literal = IpLiteral.Read(address, stackalloc char[IpLiteral.MaxTextLength]);
        json.Open("source"u8);
        if (literal.IsAddress)
        {
            json.Address("ip"u8, literal.Text);
        }

        json.Number("port"u8, literal.Port, Worth.Fact);
        json.Text("address"u8, address, Worth.Core);
        LocationMembers.WriteEcs(location, json);
        json.Close();
    }
}
