using SiemForwarder.Events.Formats.Cef;
using SiemForwarder.Events.Formats.Json;

namespace SiemForwarder.Events.Formats.Ecs;

/// <summary>Writes <c>related</c>: every address, user and host of the event, once, for pivoting.</summary>
internal static class EcsRelated
{
    public static void Write(SecurityEvent securityEvent, ReadOnlySpan<char> redirectHost, JsonMembers json)
    {
        json.Open("related"u8);
        Span<char> scratch = stackalloc char[16];
        if (IpLiteral.Read(securityEvent.IpAddress, scratch, out var address) != CefAddressKind.Name)
        {
            json.Writer.WriteStartArray("ip"u8);
            json.Writer.WriteStringValue(address);
            json.Writer.WriteEndArray();
        }

        if (IsNamed(securityEvent.Actor) || IsNamed(securityEvent.Subject))
        {
            json.Writer.WriteStartArray("user"u8);
            WriteParty(securityEvent.Actor, null, json);
            WriteParty(securityEvent.Subject, securityEvent.Actor, json);
            json.Writer.WriteEndArray();
        }

        if (securityEvent.Source.Host.Length > 0 || !redirectHost.IsEmpty)
        {
            json.Writer.WriteStartArray("hosts"u8);
            json.Item(securityEvent.Source.Host);
            json.Item(redirectHost.SequenceEqual(securityEvent.Source.Host) ? [] : redirectHost);
            json.Writer.WriteEndArray();
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
