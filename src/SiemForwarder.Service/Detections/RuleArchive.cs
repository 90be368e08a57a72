using System.IO.Compression;
using System.Text;

namespace SiemForwarder.Service.Detections;

/// <summary>A rule file of an archive.</summary>
/// <param name="Path">Where it stands in the archive.</param>
/// <param name="Name">Name of the rule file: that of the file without its folder and ending.</param>
/// <param name="Text">The YAML.</param>
/// <param name="Fixtures">What stands beside it as <c>name.fixtures.yml</c>; null for none.</param>
internal sealed record ArchivedRule(string Path, string Name, string Text, string? Fixtures);

/// <summary>Rules and lists as a folder in the manner of SigmaHQ, in a ZIP file.</summary>
/// <remarks>Rules are <c>rules/**/name.yml</c>; a list is <c>lists/name.txt</c> with a value on each line.</remarks>
internal static class RuleArchive
{
    public const int MaxEntries = 2000;
    public const int MaxEntryBytes = 1024 * 1024;
    public const int MaxBytes = 16 * 1024 * 1024;

    private const string ListFolder = "lists/";
    private const string ListEnding = ".txt";
    private const string FixtureEnding = ".fixtures";
    private static readonly string[] RuleEndings = [".yml", ".yaml"];
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Writes rules and lists.</summary>
    public static async Task<byte[]> WriteAsync(IEnumerable<StoredRule> files, IEnumerable<StoredList> lists, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        await using (var archive = await ZipArchive.CreateAsync(bytes, ZipArchiveMode.Create, leaveOpen: true, Utf8, cancellationToken))
        {
            foreach (var file in files)
            {
                var folder = file.IsPack ? "rules/keycloak/" : "rules/own/";
                await AddAsync(archive, $"{folder}{file.Name}{RuleEndings[0]}", RuleLibrary.BodyOf(file), cancellationToken);
                if (RuleLibrary.FixturesOf(file) is { } fixtures)
                {
                    await AddAsync(archive, $"{folder}{file.Name}{FixtureEnding}{RuleEndings[0]}", fixtures, cancellationToken);
                }
            }

            foreach (var list in lists)
            {
                await AddAsync(archive, $"{ListFolder}{list.Name}{ListEnding}", string.Concat(list.Entries.Select(entry => entry + '\n')), cancellationToken);
            }
        }

        return bytes.ToArray();
    }

    /// <summary>Reads rules and lists; whatever else the archive holds is left alone.</summary>
    /// <returns>What it holds, or why it is not taken: a path that leads out, a size beyond the bounds, no ZIP file.</returns>
    public static async Task<(IReadOnlyList<ArchivedRule> Rules, IReadOnlyDictionary<string, IReadOnlyList<string>> Lists, string? Problem)> ReadAsync(
        Stream stream, CancellationToken cancellationToken)
    {
        var (texts, problem) = await ReadTextsAsync(stream, cancellationToken);
        var lists = texts.Where(one => one.Key.StartsWith(ListFolder, StringComparison.Ordinal)).ToDictionary(
            one => one.Key[ListFolder.Length..^ListEnding.Length], one => (IReadOnlyList<string>)Lines(one.Value), StringComparer.Ordinal);
        var rules = new List<ArchivedRule>();
        foreach (var (path, text) in texts.Where(one => !one.Key.StartsWith(ListFolder, StringComparison.Ordinal)))
        {
            var stem = path[..path.LastIndexOf('.')];
            if (!stem.EndsWith(FixtureEnding, StringComparison.Ordinal))
            {
                var fixtures = RuleEndings.Select(ending => texts.GetValueOrDefault(stem + FixtureEnding + ending)).FirstOrDefault(found => found is not null);
                rules.Add(new ArchivedRule(path, stem[(stem.LastIndexOf('/') + 1)..].ToLowerInvariant(), text, fixtures));
            }
        }

        return (rules, lists, problem);
    }

    private static async Task<(SortedDictionary<string, string> Texts, string? Problem)> ReadTextsAsync(Stream stream, CancellationToken cancellationToken)
    {
        var texts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        try
        {
            await using var archive = await ZipArchive.CreateAsync(stream, ZipArchiveMode.Read, leaveOpen: true, Utf8, cancellationToken);
            if (archive.Entries.Count > MaxEntries)
            {
                return ([], $"The archive holds more than {MaxEntries} files; send it in parts.");
            }

            var left = MaxBytes;
            foreach (var entry in archive.Entries)
            {
                if (IsOutside(entry.FullName))
                {
                    return ([], "The archive holds a path that leads out of it; pack the folder anew.");
                }

                if (!IsRead(entry.FullName))
                {
                    continue;
                }

                // What an entry says of its size is not believed.
                if (await ReadAsync(entry, Math.Min(left, MaxEntryBytes), cancellationToken) is not { } bytes)
                {
                    return ([], $"The archive holds a file of more than {MaxEntryBytes} bytes, or more than {MaxBytes} bytes in all; send it in parts.");
                }

                left -= bytes.Length;
                if (!texts.TryAdd(entry.FullName, Utf8.GetString(bytes)))
                {
                    return ([], "The archive holds two files of one path; pack the folder anew.");
                }
            }

            return (texts, null);
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException or DecoderFallbackException or NotSupportedException)
        {
            return ([], "It is no ZIP file of UTF-8 texts; pack the folder with zip.");
        }
    }

    private static bool IsRead(string path) => path.StartsWith(ListFolder, StringComparison.Ordinal)
        ? path.EndsWith(ListEnding, StringComparison.Ordinal) && path.LastIndexOf('/') == ListFolder.Length - 1
        : RuleEndings.Any(ending => path.EndsWith(ending, StringComparison.Ordinal));

    private static bool IsOutside(string path) =>
        path.Length > 500 || path.StartsWith('/') || path.Contains('\\', StringComparison.Ordinal) || path.Contains(':', StringComparison.Ordinal)
        || path.Split('/').Contains("..", StringComparer.Ordinal);

    private static async Task<byte[]?> ReadAsync(ZipArchiveEntry entry, int maxBytes, CancellationToken cancellationToken)
    {
        await using var packed = await entry.OpenAsync(cancellationToken);
        using var bytes = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (await packed.ReadAsync(buffer, cancellationToken) is > 0 and var read)
        {
            if (bytes.Length + read > maxBytes)
            {
                return null;
            }

            bytes.Write(buffer, 0, read);
        }

        return bytes.ToArray();
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static async Task AddAsync(ZipArchive archive, string path, string text, CancellationToken cancellationToken)
    {
        await using var entry = await archive.CreateEntry(path).OpenAsync(cancellationToken);
        await entry.WriteAsync(Utf8.GetBytes(text), cancellationToken);
    }
}
