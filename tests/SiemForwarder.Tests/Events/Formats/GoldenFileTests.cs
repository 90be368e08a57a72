using System.Security.Cryptography;
using System.Text;
using SiemForwarder.Events.Formats;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Formats;

/// <summary>The bytes of one event of every type, and the hash of the bytes of every recorded event, in every format, one line per event.</summary>
/// <remarks>UPDATE_GOLDEN=1 writes the files anew. The texts behind the hashes go to <c>artifacts/golden</c>, to be compared between two commits.</remarks>
public sealed class GoldenFileTests
{
    // One of every type that applications push, instead of a recording.
    private const string Applications = "applications";

    // Alerts of detection rules.
    private const string Detections = "detections";

    // One of every type that Keycloak has, recorded or not.
    private const string Types = "types";

    public static TheoryData<string, string> Files()
    {
        var files = new TheoryData<string, string>();
        foreach (var recording in RecordedEvents.Names.Concat([Applications, Detections, Types]))
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
            Detections => CatalogueEvents.Detections(),
            Types => CatalogueEvents.Types(),
            _ => RecordedEvents.Normalized(recording),
        };
        var texts = events.Select(securityEvent => FormatSettings.Text(FormatSettings.Write(formatter, securityEvent))).ToList();
        var lines = recording is Applications or Detections or Types ? texts : texts.ConvertAll(Hash);
        var path = Path.Combine(RepositoryFiles.Root, "tests", "SiemForwarder.Tests", "Golden", $"{recording}.{format}.txt");
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            Write(path, lines);
            Write(Path.Combine(RepositoryFiles.Root, "artifacts", "golden", $"{recording}.{format}.txt"), texts);
        }

        var golden = File.ReadAllText(path).TrimEnd('\n').Split('\n');

        Assert.Equal(golden.Length, lines.Count);
        Assert.All(Enumerable.Range(0, golden.Length), i => Assert.True(golden[i] == lines[i], $"Line {i + 1} is no longer {golden[i]}, but:\n{texts[i]}"));
    }

    private static void Write(string path, List<string> lines)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, string.Join('\n', lines) + "\n", new UTF8Encoding(false));
    }

    // 64 bits tell a changed line; nobody forges one here.
    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));
}
