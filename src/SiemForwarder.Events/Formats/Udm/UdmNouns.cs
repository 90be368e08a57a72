using SiemForwarder.Events.Addresses;
using SiemForwarder.Events.Formats.Json;

namespace SiemForwarder.Events.Formats.Udm;

/// <summary>Writes the nouns of UDM: <c>principal</c>, <c>target</c> and <c>intermediary</c>.</summary>
internal static class UdmNouns
{
    public static void Write(SecurityEvent securityEvent, JsonMembers json)
    {
        json.Open("principal"u8);
        WriteAddress(securityEvent.IpAddress, json);
        LocationMembers.WriteUdm(securityEvent.Location, json);
        WriteUser(securityEvent.Actor, json);
        json.Close();
        json.Open("target"u8);
        json.Required("application"u8, string.IsNullOrEmpty(securityEvent.ClientId) ? "keycloak" : securityEvent.ClientId);
        WriteUser(securityEvent.Subject, json);
        if (securityEvent.Admin is { } admin && !json.IsScarce)
        {
            WriteResource(admin, json);
        }

        json.Close();
        json.OpenList("intermediary"u8);
        json.OpenItem();
        json.Required("hostname"u8, securityEvent.Source.Host.Length > 0 ? securityEvent.Source.Host : "keycloak");
        json.Text("application"u8, "keycloak"u8, Worth.Caption);
        json.Close();
        json.Close();
    }

    private static void WriteAddress(string? address, JsonMembers json)
    {
        if (string.IsNullOrEmpty(address))
        {
            return;
        }

        var literal = IpLiteral.Read(address, stackalloc char[IpLiteral.MaxTextLength]);
        if (!literal.IsAddress)
        {
            json.Required("hostname"u8, address);
            return;
        }

        json.OpenList("ip"u8);
        json.AddressItem(literal.Text);
        json.Close();
        json.Number("port"u8, literal.Port, Worth.Fact);
    }

    private static void WriteUser(EventParty? party, JsonMembers json)
    {
        if (party is null)
        {
            return;
        }

        json.Open("user"u8);
        json.Required("userid"u8, party.Name is { Length: > 0 } name ? name : party.Id is { Length: > 0 } id ? id : "unknown");
        json.Text("productObjectId"u8, party.Id, Worth.Core);
        if (!string.IsNullOrEmpty(party.Email) && !json.IsScarce)
        {
            json.OpenList("emailAddresses"u8);
            json.Item(party.Email);
            json.Close();
        }

        json.Close();
    }

    private static void WriteResource(AdminAction admin, JsonMembers json)
    {
        if (AdminGroups.IsGroup(admin))
        {
            json.Open("group"u8);
            json.Text("groupDisplayName"u8, AdminGroups.Name(admin));
            json.Text("productObjectId"u8, AdminGroups.Id(admin));
            json.Close();
        }

        json.Open("resource"u8);
        json.Text("name"u8, admin.ResourceName ?? admin.ResourcePath);
        json.Text("resourceSubtype"u8, admin.ResourceType);
        // The name of a role mapping consists of the role names, so the ids are those of the roles as well.
        json.Text("productObjectId"u8, AdminGroups.IsRoleMapping(admin) ? admin.RoleIds : admin.ResourceId);
        json.Close();
    }
}
