using System.Text;
using SiemForwarder.Events.Formats;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Formats;

/// <summary>The bytes of every recorded event, and of one event of every type, in every format, one line per event; UPDATE_GOLDEN=1 writes the files anew.</summary>
public sealed class GoldenFileTests
{
    // One of every type that applications push, instead of a recording.
    private const string Applications = "applications";

    // One of every type that Keycloak has, recorded or not.
    private const string Types = "types";

    public static TheoryData<string, string> Files()
    {
        var files = new TheoryData<string, string>();
        foreach (var recording in RecordedEvents.Names.Concat([Applications, Types]))
        {
            foreach (var format in new[] { "json", "cef", "syslog-5424", "syslog-3164", "leef" }.Concat(FormatSettings.Schemas))
            {
                files.Add(recording, format);
            }
        }

        return files;
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void EveryEventIsWrittenAsBefore(string recording, string format)
    {
        var formatter = EventFormatCatalog.Create(FormatSettings.For(format), "1.0.0");
        var events = recording switch
        {
            Applications => CatalogueEvents.Applications(),
            Types => CatalogueEvents.Types(),
            _ => RecordedEvents.Normalized(recording),
        };
        var lines = events.Select(securityEvent => FormatSettings.Text(FormatSettings.Write(formatter, securityEvent))).ToList();
        var path = Path.Combine(RepositoryFiles.Root, "tests", "SiemForwarder.Tests", "Golden", $"{recording}.{format}.txt");
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, string.Join('\n', lines) + "\n", new UTF8Encoding(false));
        }

        var golden = File.ReadAllText(path).TrimEnd('\n').Split('\n');

        Assert.Equal(golden.Length, lines.Count);
        Assert.All(lines.Zip(golden), pair => Assert.Equal(pair.Second, pair.First));
    }
}
