using System.Globalization;
using SiemForwarder.Events.Addresses;
using SiemForwarder.Events.Formats.Text;

namespace SiemForwarder.Events.Formats.Syslog;

/// <summary>Writes the HOSTNAME of a syslog header: what the integration chose, the host of the source, or the name of the source.</summary>
/// <remarks>
/// RFC 5424 section 6.2.4 and RFC 3164 section 4.1.2 take printable ASCII: international names are written as RFC 5891 has them in DNS, what is no
/// name of a host with <c>_</c>. An IPv6 address stands bare, as RFC 5952 writes it. Before the tag of RFC 3164 receivers look for the first colon,
/// so there hyphens take the place of colons.
/// </remarks>
/// <param name="chosen">Name that the integration chose, or null.</param>
/// <param name="allowsColon">False in RFC 3164.</param>
internal sealed class SyslogHostname(string? chosen, bool allowsColon)
{
    private const int MaxLength = 255;

    private static readonly IdnMapping Idn = new() { UseStd3AsciiRules = true };

    // The events of a batch are of one source, so the last host is mostly the next one.
    private string lastHost = "";
    private byte[] lastBytes = Encode("", allowsColon: true);

    public void Append(EventSource source, Utf8Buffer output)
    {
        var host = chosen ?? (source.Host.Length > 0 ? source.Host : source.Name);
        if (host != lastHost)
        {
            lastBytes = Encode(host, allowsColon);
            lastHost = host;
        }

        output.Append(lastBytes);
    }

    private static byte[] Encode(string host, bool allowsColon)
    {
        var literal = IpLiteral.Read(host, stackalloc char[IpLiteral.MaxTextLength]);
        var text = literal.IsAddress ? literal.Text.ToString() : Ascii(host);
        var output = new Utf8Buffer();
        Texts.AppendPrintable(output, allowsColon ? text : text.Replace(':', '-'), MaxLength);
        return output.Written.ToArray();
    }

    private static string Ascii(string host)
    {
        if (System.Text.Ascii.IsValid(host))
        {
            return host;
        }

        try
        {
            return Idn.GetAscii(host);
        }
        catch (ArgumentException)
        {
            // No name of a host: its letters stand as they can.
            return host;
        }
    }
}
