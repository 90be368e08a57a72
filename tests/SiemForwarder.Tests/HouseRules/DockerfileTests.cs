using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using SiemForwarder.Service.Storage.Private;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.HouseRules;

/// <summary>What the image is made of and how it runs; .ci/image builds it and tries it where Docker is.</summary>
public sealed partial class DockerfileTests
{
    private static readonly string Dockerfile = Read("src/SiemForwarder.Service/Dockerfile");

    [Fact]
    public void ItRunsOnAChiselledBaseWithoutAShellAsAUserWithoutRights()
    {
        Assert.Contains("\nARG RUNTIME=mcr.microsoft.com/dotnet/runtime-deps:", Dockerfile, StringComparison.Ordinal);
        Assert.Matches(@"-chiseled\n", Dockerfile);
        var final = Dockerfile[Dockerfile.LastIndexOf("\nFROM ", StringComparison.Ordinal)..];
        Assert.Contains("\nUSER 1654\n", final, StringComparison.Ordinal);
        // Without a shell only the forms that name a program work.
        Assert.DoesNotContain("\nRUN ", final, StringComparison.Ordinal);
        Assert.Contains("CMD [\"/app/SiemForwarder.Service\", \"health\"]", final, StringComparison.Ordinal);
        Assert.Contains("\nENTRYPOINT [\"/app/SiemForwarder.Service\"]", final, StringComparison.Ordinal);
        Assert.Contains("\nSTOPSIGNAL SIGTERM\n", final, StringComparison.Ordinal);
    }

    // A chiselled base has no ICU.
    [Fact]
    public void TheProgramNeedsNoIcu() => Assert.Contains("<InvariantGlobalization>true</InvariantGlobalization>", Read("Directory.Build.props"), StringComparison.Ordinal);

    [Fact]
    public void BaseImagesStandAtTheTopAndMayBeGivenByDigest()
    {
        Assert.Equal(["SDK", "RUNTIME"], BaseArgument().Matches(Dockerfile).Select(match => match.Groups["name"].Value));
        Assert.Equal(["${SDK}", "${RUNTIME}"], FromLine().Matches(Dockerfile).Select(match => match.Groups["image"].Value));
        Assert.All(BaseArgument().Matches(Dockerfile), match => Assert.True(match.Index < Dockerfile.IndexOf("\nFROM ", StringComparison.Ordinal)));
    }

    [Fact]
    public void EveryProjectAndItsLockFileIsThereWhenPackagesAreRestored()
    {
        var restored = Dockerfile[..Dockerfile.IndexOf("RUN dotnet restore --locked-mode", StringComparison.Ordinal)];

        Assert.All(
            Directory.EnumerateFiles(Path.Combine(RepositoryFiles.Root, "src"), "*.csproj", SearchOption.AllDirectories).Select(Path.GetFileNameWithoutExtension),
            project => Assert.Contains($"src/{project}/packages.lock.json", restored, StringComparison.Ordinal));
        Assert.Contains("Image.pubxml", restored, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheImageLeavesOutTheSimulatorAndWhatItsBaseCannotLoad()
    {
        var image = await PublishedAsync("-p:PublishProfile=Image");
        var usual = await PublishedAsync();

        Assert.Contains("SiemForwarder.Destinations.dll", image);
        Assert.Contains("SiemForwarder.Simulator.dll", usual);
        Assert.Equal(["centos8-librdkafka.so"], image.Where(file => file.Contains("librdkafka", StringComparison.Ordinal)));
        Assert.DoesNotContain("SiemForwarder.Simulator.dll", image);
        Assert.DoesNotContain("libmscordaccore.so", image);
    }

    // Every switch that trimming turns would make the image another program than the one that is tested.
    [Fact]
    public void WhatTrimmingWouldSwitchOffStaysOn()
    {
        var profile = XDocument.Parse(Read("src/SiemForwarder.Service/Properties/PublishProfiles/Image.pubxml"));
        var set = profile.Descendants("PropertyGroup").Elements().ToDictionary(one => one.Name.LocalName, one => one.Value);

        Assert.All(
            new[] { "JsonSerializerIsReflectionEnabledByDefault", "EventSourceSupport", "Http3Support", "DynamicCodeSupport", "MvcEnhancedModelMetadataSupport", "SelfContained" },
            name => Assert.Equal("true", set[name]));
        Assert.Equal(("partial", "false"), (set["TrimMode"], set["EnableConfigurationBindingGenerator"]));
    }

    private static async Task<List<string>> PublishedAsync(params string[] properties)
    {
        var project = Path.Combine(RepositoryFiles.Root, "src", "SiemForwarder.Service", "SiemForwarder.Service.csproj");
        var (code, said) = await ChildProgram.RunAsync(
            "dotnet",
            [
                "msbuild", project, "-t:ResolveReferences", "-p:RuntimeIdentifier=linux-x64", "-p:BuildProjectReferences=false", .. properties,
                "-getItem:ReferenceCopyLocalPaths", "-getItem:NativeCopyLocalItems",
            ],
            TestContext.Current.CancellationToken);
        Assert.True(code == 0, said);
        using var items = JsonDocument.Parse(said);
        return [.. items.RootElement.GetProperty("Items").EnumerateObject().SelectMany(item => item.Value.EnumerateArray())
            .Select(item => item.GetProperty("Filename").GetString() + item.GetProperty("Extension").GetString()).Distinct()];
    }

    private static string Read(string file) => File.ReadAllText(Path.Combine(RepositoryFiles.Root, file));

    [GeneratedRegex(@"^ARG (?<name>SDK|RUNTIME)=", RegexOptions.Multiline)]
    private static partial Regex BaseArgument();

    [GeneratedRegex(@"^FROM (?<image>\S+)", RegexOptions.Multiline)]
    private static partial Regex FromLine();
}
