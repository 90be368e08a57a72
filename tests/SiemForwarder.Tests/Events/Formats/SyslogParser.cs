using System.Text;
using System.Text.RegularExpressions;

namespace SiemForwarder.Tests.Events.Formats;

/// <summary>A strict reader of RFC 5424 messages, written from the RFC and not from our writer.</summary>
internal sealed record SyslogParser(
    int Priority, string Timestamp, string Hostname, string AppName, string ProcId, string MsgId, string? SdId,
    IReadOnlyList<KeyValuePair<string, string>> Parameters, string Message)
{
    private static readonly Regex Header = new(
        @"^<(0|[1-9][0-9]{0,2})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) ",
        RegexOptions.CultureInvariant);

    private static readonly Regex Name = new(@"^[!#-<>-\\^-~]{1,32}", RegexOptions.CultureInvariant);

    public string? this[string name] => Parameters.Where(parameter => parameter.Key == name).Select(parameter => parameter.Value).SingleOrDefault();

    public static SyslogParser Parse(string text)
    {
        var header = Header.Match(text);
        Assert.True(header.Success, text);
        var rest = text[header.Length..];
        var parameters = new List<KeyValuePair<string, string>>();
        string? id = null;
        if (rest[0] == '-')
        {
            rest = rest[1..];
        }
        else
        {
            Assert.Equal('[', rest[0]);
            id = TakeName(rest = rest[1..]);
            rest = rest[id.Length..];
            while (rest[0] == ' ')
            {
                rest = TakeParameter(rest[1..], parameters);
            }

            Assert.Equal(']', rest[0]);
            rest = rest[1..];
        }

        Assert.True(rest.Length == 0 || rest[0] == ' ');
        var fields = header.Groups;
        return new SyslogParser(
            int.Parse(fields[1].Value, System.Globalization.CultureInfo.InvariantCulture), fields[2].Value, fields[3].Value, fields[4].Value,
            fields[5].Value, fields[6].Value, id, parameters, rest.Length == 0 ? "" : rest[1..]);
    }

    private static string TakeName(string text)
    {
        var name = Name.Match(text);
        Assert.True(name.Success, text);
        return name.Value;
    }

    private static string TakeParameter(string text, List<KeyValuePair<string, string>> parameters)
    {
        var name = TakeName(text);
        Assert.StartsWith("=\"", text[name.Length..], StringComparison.Ordinal);
        var value = new StringBuilder();
        var index = name.Length + 2;
        for (; text[index] != '"'; index++)
        {
            Assert.NotEqual(']', text[index]);
            if (text[index] == '\\' && "\"\\]".Contains(text[index + 1], StringComparison.Ordinal))
            {
                index++;
            }

            value.Append(text[index]);
        }

        parameters.Add(new(name, value.ToString()));
        return text[(index + 1)..];
    }
}
