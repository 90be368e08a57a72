using System.Text;
using SiemForwarder.Events.Formats;
using SiemForwarder.Events.Lint;
using SiemForwarder.Tests.Events.Formats;

namespace SiemForwarder.Tests.Events.Lint;

/// <summary>The fields of a body are those that the SIEM sees, whether the message is the body, a part of its JSON, or a text in it.</summary>
public sealed class RequestReaderTests
{
    private const string Message = "CEF:0|v|p|1|id|n|99|suser=alice";

    private static readonly OutputSettings Cef = FormatSettings.For("cef");

    [Theory]
    [InlineData(Message, "DeviceVendor DeviceProduct DeviceVersion DeviceEventClassID Name Severity suser")]
    [InlineData(Message + "\n", "DeviceVendor DeviceProduct DeviceVersion DeviceEventClassID Name Severity suser")]
    [InlineData("not JSON: " + Message, "DeviceVendor DeviceProduct DeviceVersion DeviceEventClassID Name Severity suser")]
    [InlineData("\"" + Message + "\"", "event.DeviceVendor event.DeviceProduct event.DeviceVersion event.DeviceEventClassID event.Name event.Severity event.suser")]
    [InlineData("{\"n\":1,\"m\":\"" + Message + "\"}", "n m.DeviceVendor m.DeviceProduct m.DeviceVersion m.DeviceEventClassID m.Name m.Severity m.suser")]
    [InlineData("{\"a\":1} {\"a\":2}", "a a")]
    public void FieldsStandWhereTheMessageStands(string body, string expected)
    {
        var reading = RequestReader.Read(Encoding.UTF8.GetBytes(body), Encoding.UTF8.GetBytes(Message), Cef);

        Assert.Equal(expected, string.Join(' ', reading.Fields.Select(field => field.Name)));
        // What is wrong with the message is told once, wherever it stands.
        Assert.Equal(["cef.severity"], reading.Findings.Select(finding => finding.Rule));
    }

    [Fact]
    public void AMessageInBaseSixtyFourIsReadAsWell()
    {
        var body = $"{{\"data\":\"{Convert.ToBase64String(Encoding.UTF8.GetBytes(Message))}\",\"n\":7}}";
        var reading = RequestReader.Read(Encoding.UTF8.GetBytes(body), Encoding.UTF8.GetBytes(Message), Cef);

        Assert.Equal("alice", reading["data.suser"]);
        Assert.Equal(new ParsedField("n", "7", ParsedField.Number), reading.Find("n"));
        Assert.Single(reading.Findings);
    }

    [Theory]
    [InlineData(65_507, "Warning")]
    [InlineData(65_508, "Error")]
    public void TheLongestDatagramIsTheLongestPayloadOfIp(int octets, string level)
    {
        var finding = Assert.Single(SizeRules.CheckCarrier(octets, isDatagram: true, int.MaxValue));

        Assert.Equal(level, finding.Level.ToString());
        Assert.StartsWith(octets.ToString("N0", System.Globalization.CultureInfo.InvariantCulture) + " octets ", finding.Message, StringComparison.Ordinal);
        Assert.EndsWith(".", finding.Message, StringComparison.Ordinal);
    }
}
