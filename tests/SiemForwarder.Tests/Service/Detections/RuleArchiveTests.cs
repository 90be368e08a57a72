using System.IO.Compression;
using System.Text;
using SiemForwarder.Service.Detections;

namespace SiemForwarder.Tests.Service.Detections;

/// <summary>Archives of rules: a folder comes back as it was, and what is hostile in one is refused before anything is taken.</summary>
public sealed class RuleArchiveTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AFolderComesBackAsItWas()
    {
        var own = new StoredRule("own.rule", false, true, "title: Müller\n", "fires: []\n", null, 1, null);
        var list = new StoredList("admins", ["alice", "root"], 1, null);

        var (rules, lists, problem) = await ReadAsync(await RuleArchive.WriteAsync([own, Pack("08-brute-force-address")], [list], Token));

        Assert.Null(problem);
        Assert.Equal(["08-brute-force-address", "own.rule"], rules.Select(rule => rule.Name));
        Assert.Equal(("title: Müller\n", "fires: []\n"), (rules[1].Text, rules[1].Fixtures));
        Assert.NotNull(rules[0].Fixtures);
        Assert.Equal(["alice", "root"], lists["admins"]);
    }

    [Theory]
    [InlineData("../outside.yml")]
    [InlineData("rules/../../outside.yml")]
    [InlineData("/etc/outside.yml")]
    [InlineData("rules\\outside.yml")]
    [InlineData("C:outside.yml")]
    public async Task APathThatLeadsOutIsRefused(string path)
    {
        var (rules, _, problem) = await ReadAsync(Zip((path, "title: x"u8.ToArray())));

        Assert.Empty(rules);
        Assert.Contains("leads out", problem!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ABombOfZeroesIsRefusedWhateverItSaysOfItsSize()
    {
        var archive = Zip(("rules/bomb.yml", new byte[RuleArchive.MaxEntryBytes + 1]));
        Assert.True(archive.Length < 10_000, "zeroes are packed small");

        Assert.Contains("more than", (await ReadAsync(archive)).Problem!, StringComparison.Ordinal);
        var many = Enumerable.Range(0, 17).Select(number => ($"rules/r{number}.yml", Encoding.ASCII.GetBytes(new string('a', RuleArchive.MaxEntryBytes)))).ToArray();
        Assert.Contains("in all", (await ReadAsync(Zip(many))).Problem!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TooManyFilesAndWhatIsNoArchiveAreRefused()
    {
        var many = Enumerable.Range(0, RuleArchive.MaxEntries + 1).Select(number => ($"{number}.yml", Array.Empty<byte>())).ToArray();

        Assert.Contains("more than", (await ReadAsync(Zip(many))).Problem!, StringComparison.Ordinal);
        Assert.Contains("no ZIP", (await ReadAsync("PK no archive"u8.ToArray())).Problem!, StringComparison.Ordinal);
        Assert.Contains("no ZIP", (await ReadAsync(Zip(("a.yml", [0xFF, 0xFE, 0x80])))).Problem!, StringComparison.Ordinal);
        Assert.Contains("two files", (await ReadAsync(Zip(("a.yml", []), ("a.yml", [])))).Problem!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatIsNeitherRuleNorListIsLeftAlone()
    {
        var (rules, lists, problem) = await ReadAsync(Zip(("README.md", "x"u8.ToArray()), ("lists/deep/er.txt", "x"u8.ToArray()), ("rules/windows/A_Rule.yaml", "title: x"u8.ToArray())));

        Assert.Null(problem);
        Assert.Equal("a_rule", Assert.Single(rules).Name);
        Assert.Empty(lists);
    }

    private static StoredRule Pack(string name) => new(name, true, true, null, null, null, 1, null);

    private static Task<(IReadOnlyList<ArchivedRule> Rules, IReadOnlyDictionary<string, IReadOnlyList<string>> Lists, string? Problem)> ReadAsync(byte[] archive) =>
        RuleArchive.ReadAsync(new MemoryStream(archive), Token);

    private static byte[] Zip(params (string Path, byte[] Bytes)[] files)
    {
        using var bytes = new MemoryStream();
        using (var archive = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (path, content) in files)
            {
                using var entry = archive.CreateEntry(path).Open();
                entry.Write(content);
            }
        }

        return bytes.ToArray();
    }
}
