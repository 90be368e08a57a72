using System.Globalization;
using System.Text;
using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Sockets;

/// <summary>Identifies a peer that sends something back, which no syslog receiver does.</summary>
internal static class SpeakingPeer
{
    private const int ShownBytes = 60;

    /// <summary>The fault for its first bytes; <paramref name="secured"/> if they came through TLS.</summary>
    public static Fault FaultOf(Endpoint endpoint, ReadOnlySpan<byte> said, bool secured)
    {
        if (said.StartsWith("HTTP/"u8) || StartsWithAny(said, "<!doctype", "<html"))
        {
            return Wrong($"{endpoint} answered in HTTP: it is a web server, not a syslog receiver.",
                "Use http:// or https:// in the server URL, or the port of the syslog receiver.");
        }

        // RFC 8446 section 5.1: an alert or handshake record, of any version.
        if (said.Length >= 2 && said[0] is 0x15 or 0x16 && said[1] == 3)
        {
            return Wrong($"{endpoint} answered in TLS: it does not accept plain text.",
                secured ? "Use the port of the syslog receiver." : "Use tls:// in the server URL, or the receiver's port for plain syslog.");
        }

        return Wrong($"{endpoint} sends data back, which no syslog receiver does{NameOf(said)}: {Shown(said)}.",
            "Check host and port of the server URL: another service is listening there.");
    }

    private static string NameOf(ReadOnlySpan<byte> said) => said switch
    {
        _ when said.StartsWith("SSH-"u8) => ", and looks like an SSH server",
        _ when said.StartsWith("220"u8) => ", and looks like a mail or FTP server",
        _ when said.StartsWith("-ERR"u8) || said.StartsWith("+OK"u8) => ", and looks like Redis or a mail server",
        _ when said.StartsWith("* OK"u8) => ", and looks like a mail server",
        _ when said.StartsWith("AMQP"u8) => ", and looks like an AMQP broker",
        _ when said.Length > 5 && said[3] == 0 && said[4] == 10 => ", and looks like MySQL",
        _ when LooksLikeRelp(said) => ", and looks like a RELP receiver",
        _ => "",
    };

    private static bool LooksLikeRelp(ReadOnlySpan<byte> said)
    {
        var space = said.IndexOf((byte)' ');
        return space > 0 && int.TryParse(said[..space], NumberStyles.None, CultureInfo.InvariantCulture, out _)
            && (said[(space + 1)..].StartsWith("rsp "u8) || said[(space + 1)..].StartsWith("serverclose"u8));
    }

    // What a peer sends may echo events, so only a little of it is shown.
    private static string Shown(ReadOnlySpan<byte> said)
    {
        var text = OneLine.Of(said[..Math.Min(said.Length, ShownBytes)]);
        return text.Length > 0 && text.Count(character => character is >= ' ' and <= '~') * 2 > text.Length ? $"'{text}'" : $"{said.Length} bytes";
    }

    private static bool StartsWithAny(ReadOnlySpan<byte> said, params ReadOnlySpan<string> beginnings)
    {
        var text = Encoding.ASCII.GetString(said[..Math.Min(said.Length, 20)]).TrimStart();
        foreach (var beginning in beginnings)
        {
            if (text.StartsWith(beginning, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static Fault Wrong(string what, string advice) => new(ErrorCategory.Configuration, what, advice, NeedsChange: true);
}
