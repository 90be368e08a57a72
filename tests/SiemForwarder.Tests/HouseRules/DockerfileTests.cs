using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using SiemForwarder.Service.Storage.Private;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.HouseRules;

/// <summary>What the image is made of and how it runs; .ci/image builds it and tries it where Docker is.</summary>
public sealed partial class DockerfileTests
{
    private static readonly XDocument Profile = XDocument.Parse(Read("src/SiemForwarder.Service/Properties/PublishProfiles/Image.pubxml"));

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

    // Nor time zones, which detections and the console's local times need.
    [Fact]
    public void TimeZonesComeFromTheImageThatBuilds() => Assert.Contains("\nCOPY --from=build /usr/share/zoneinfo /usr/share/zoneinfo\n", Dockerfile, StringComparison.Ordinal);

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

    [Theory]
    [InlineData("false", false)]
    [InlineData("true", true)]
    public async Task TheImageLeavesTheSimulatorOut(string demo, bool isThere)
    {
        Assert.Equal("false", Profile.Descendants("Demo").Single().Value);
        var project = Path.Combine(RepositoryFiles.Root, "src", "SiemForwarder.Service", "SiemForwarder.Service.csproj");

        var (code, copied) = await ChildProgram.RunAsync(
            "dotnet",
            ["msbuild", project, "-t:ResolveReferences", $"-p:Demo={demo}", "-p:BuildProjectReferences=false", "-getItem:ReferenceCopyLocalPaths"],
            TestContext.Current.CancellationToken);

        Assert.True(code == 0, copied);
        Assert.Contains("SiemForwarder.Destinations.dll", copied, StringComparison.Ordinal);
        Assert.Equal(isThere, copied.Contains("SiemForwarder.Simulator.dll", StringComparison.Ordinal));
    }

    // The base has neither musl nor a Kerberos library; a build of librdkafka that a new version adds has to be decided on.
    [Fact]
    public void OfTheBuildsOfLibrdkafkaOneIsLeft()
    {
        using var assets = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(RepositoryFiles.Root, "artifacts", "obj", "SiemForwarder.Service", "project.assets.json")));
        var builds = assets.RootElement.GetProperty("libraries").EnumerateObject().Single(library => library.Name.StartsWith("librdkafka.redist/", StringComparison.Ordinal))
            .Value.GetProperty("files").EnumerateArray().Select(file => file.GetString()!).Where(file => file.StartsWith("runtimes/linux-x64/native/", StringComparison.Ordinal))
            .Select(Path.GetFileNameWithoutExtension);
        var leftOut = Regex.Matches(Profile.Descendants("NativeCopyLocalItems").Aggregate("", (text, item) => text + item.Attribute("Condition")!.Value), "'(?<name>[a-z0-9-]*librdkafka)'")
            .Select(match => match.Groups["name"].Value);

        Assert.Equal(["centos8-librdkafka"], builds.Except(leftOut));
    }

    // Every switch that trimming turns would make the image another program than the one that is tested.
    [Fact]
    public void WhatTrimmingWouldSwitchOffStaysOn()
    {
        var set = Profile.Descendants("PropertyGroup").Elements().ToDictionary(one => one.Name.LocalName, one => one.Value);

        Assert.All(
            new[] { "JsonSerializerIsReflectionEnabledByDefault", "EventSourceSupport", "Http3Support", "DynamicCodeSupport", "MvcEnhancedModelMetadataSupport", "SelfContained" },
            name => Assert.Equal("true", set[name]));
        Assert.Equal(("partial", "false"), (set["TrimMode"], set["EnableConfigurationBindingGenerator"]));
    }

    private static string Read(string file) => File.ReadAllText(Path.Combine(RepositoryFiles.Root, file));

    [GeneratedRegex(@"^ARG (?<name>SDK|RUNTIME)=", RegexOptions.Multiline)]
    private static partial Regex BaseArgument();

    [GeneratedRegex(@"^FROM (?<image>\S+)", RegexOptions.Multiline)]
    private static partial Regex FromLine();
}
