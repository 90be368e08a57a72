using SiemForwarder.Events.Addresses;
using SiemForwarder.Events.Formats.Json;

namespace SiemForwarder.Events.Formats.Ecs;

/// <summary>Writes <c>related</c>: every address, user and host in the event, once, for pivoting.</summary>
internal static class EcsRelated
{
    public static void Write(SecurityEvent securityEvent, ReadOnlySpan<char> redirectHost, JsonMembers json)
    {
        json.Open("related"u8);
        var literal = IpLiteral.Read(securityEvent.IpAddress, stackalloc char[IpLiteral.MaxTextLength]);
        if (literal.IsAddress)
        {
            json.OpenList("ip"u8, Worth.Repetition);
            json.AddressItem(literal.Text);
            json.Close();
        }

        if (IsNamed(securityEvent.Actor) || IsNamed(securityEvent.Subject))
        {
            json.OpenList("user"u8, Worth.Repetition);
            WriteParty(securityEvent.Actor, null, json);
            WriteParty(securityEvent.Subject, securityEvent.Actor, json);
            json.Close();
        }

        if (securityEvent.Source.Host.Length > 0 || !redirectHost.IsEmpty)
        {
            json.OpenList("hosts"u8, Worth.Repetition);
            json.Item(securityEvent.Source.Host);
            json.Item(redirectHost.SequenceEqual(securityEvent.Source.Host) ? [] : redirectHost);
            json.Close();
        }

        json.Close();
    }

    private static bool IsNamed(EventParty? party) => !string.IsNullOrEmpty(party?.Id) || !string.IsNullOrEmpty(party?.Name);

    private static void WriteParty(EventParty? party, EventParty? written, JsonMembers json)
    {
        if (party is not null && party.Id != written?.Id)
        {
            json.Item(party.Id);
        }

        if (party is not null && party.Name != written?.Name && party.Name != party.Id)
        {
            json.Item(party.Name);
        }
    }
}
