using System.Globalization;
using SiemForwarder.Events.Addresses;
using SiemForwarder.Events.Formats.Text;

namespace SiemForwarder.Events.Formats.Syslog;

/// <summary>Writes the HOSTNAME of a syslog header: the integration's choice, the host of the source, or the name of the source.</summary>
/// <remarks>
/// RFC 5424 section 6.2.4 and RFC 3164 section 4.1.2 allow printable ASCII: international names are written as in DNS (RFC 5891), anything that is not
/// a host name with <c>_</c>. An IPv6 address is written bare, as in RFC 5952. RFC 3164 receivers look for the first colon before the tag, so hyphens
/// replace colons there.
/// </remarks>
/// <param name="chosen">Host name chosen by the integration, or null.</param>
/// <param name="allowsColon">False for RFC 3164.</param>
internal sealed class SyslogHostname(string? chosen, bool allowsColon)
{
    private const int MaxLength = 255;

    private static readonly IdnMapping Idn = new() { UseStd3AsciiRules = true };

    // All events of a batch come from one source, so the previous host is usually the next one.
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
            // Not a host name: its characters are written as well as possible.
            return host;
        }
    }
}
