using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using SiemForwarder.Events;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Formats;

/// <summary>The extension for QRadar reads what is sent as LEEF, and docs/content/qradar/qid-map.csv is made from the catalogue (UPDATE_GOLDEN=1 writes it anew).</summary>
public sealed class QradarContentTests
{
    private static readonly string Folder = Path.Combine(RepositoryFiles.Root, "docs", "content", "qradar");
    private static readonly XNamespace Extension = "event_parsing/device_extension";
    private static readonly XElement Root = XDocument.Load(Path.Combine(Folder, "log-source-extension.xml")).Root!;

    [Fact]
    public void TheQidMapNamesEveryTypeOfTheCatalogueOnce()
    {
        var path = Path.Combine(Folder, "qid-map.csv");
        var text = string.Concat(EventCatalog.All.OrderBy(IdOf, StringComparer.Ordinal).Select(Line));
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, text, new UTF8Encoding(false));
        }

        Assert.Equal(text, File.ReadAllText(path));
        Assert.Equal(EventCatalog.All.Count, EventCatalog.All.Select(IdOf).Distinct().Count());
        // Commas separate, and cannot be escaped.
        Assert.All(text.TrimEnd('\n').Split('\n'), line => Assert.Matches(@"^,[^,]+,[^,]+,(10|[0-9]),[0-9]{4}$", line));
    }

    [Fact]
    public void TheExtensionReadsWhatIsSent()
    {
        var patterns = Root.Elements(Extension + "pattern").ToDictionary(one => (string)one.Attribute("id")!, one => new Regex(one.Value));
        var matchers = Root.Element(Extension + "match-group")!.Elements(Extension + "matcher").ToList();
        Assert.Equal(patterns.Keys.Order(), matchers.Select(one => (string)one.Attribute("pattern-id")!).Order());
        var samples = CatalogueEvents.Types().Concat(CatalogueEvents.Detections()).ToList();

        foreach (var sample in samples)
        {
            var line = Encoding.UTF8.GetString(FormatSettings.Write("leef", sample));
            Assert.Equal(sample.SignatureId, Read(line, "EventName"));
            Assert.Equal(sample.Description.Category, Read(line, "EventCategory"));
            Assert.Equal(sample.OccurredAt.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture), Read(line, "DeviceTime"));
            Assert.Equal(line.Contains("\tusrName=", StringComparison.Ordinal), Read(line, "UserName") is not null);
            var address = Read(line, "SourceIp") ?? Read(line, "SourceIpv6");
            Assert.Equal(System.Net.IPAddress.TryParse(sample.IpAddress, out _) ? sample.IpAddress : null, address);
        }

        Assert.All(matchers, matcher => Assert.Contains(samples, sample => Read(Encoding.UTF8.GetString(FormatSettings.Write("leef", sample)), (string)matcher.Attribute("field")!) is not null));

        string? Read(string line, string field)
        {
            var matcher = matchers.Single(one => (string)one.Attribute("field")! == field);
            var match = patterns[(string)matcher.Attribute("pattern-id")!].Match(line);
            return match.Success ? match.Groups[(int)matcher.Attribute("capture-group")!].Value : null;
        }
    }

    [Fact]
    public void AUserNameThatImitatesAttributesIsReadAsOneName()
    {
        var sample = CatalogueEvents.Types().First(one => one.Type == "LOGIN_ERROR") with
        {
            Subject = new EventParty("u1", "x\tsrc=203.0.113.9\tusrName=admin", null, "acme", null), IpAddress = "192.0.2.1",
        };
        var pattern = new Regex(Root.Elements(Extension + "pattern").Single(one => (string)one.Attribute("id")! == "address").Value);

        var found = pattern.Matches(Encoding.UTF8.GetString(FormatSettings.Write("leef", sample))).Select(match => match.Groups[1].Value);

        Assert.Equal(["192.0.2.1"], found);
    }

    private static string IdOf(EventDescription one) => one.SignatureId ?? one.Type;

    // name, description, severity, low-level category: https://www.ibm.com/docs/en/qsip/7.5?topic=categories-authentication.
    private static string Line(EventDescription one)
    {
        var isFailure = one.Type.EndsWith("_ERROR", StringComparison.Ordinal);
        var category = (one.Category, isFailure) switch
        {
            ("authentication", true) => 3005,
            ("authentication", false) => 3004,
            ("session", _) => 4017,
            ("intrusion_detection", _) => 7001,
            _ => 4011,
        };
        var severity = isFailure ? Math.Max(one.Severity, one.FailureSeverity) : one.Severity;
        return string.Create(CultureInfo.InvariantCulture, $",{Text(IdOf(one))},{Text(one.Name)},{severity},{category}\n");
    }

    private static string Text(string text) => text.Replace(", ", " / ", StringComparison.Ordinal).Replace(',', '/');
}
