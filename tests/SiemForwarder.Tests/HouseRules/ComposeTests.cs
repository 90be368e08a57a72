using System.Text.RegularExpressions;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.HouseRules;

/// <summary>What docker-compose.yml starts is the same tomorrow, and loses nothing at its first start.</summary>
public sealed partial class ComposeTests
{
    private static readonly string[] Files = ["docker-compose.yml", "docs/compose/receiver/Dockerfile", "src/SiemForwarder.Service/Dockerfile"];

    [Fact]
    public void EveryImageIsNamedOnceAndByItsFullVersion()
    {
        var images = Files.SelectMany(file => Image().Matches(Read(file))).Select(match => (Name: match.Groups["name"].Value, Version: match.Groups["version"].Value)).ToList();

        Assert.Equal(
            ["curlimages/curl", "debian", "mcr.microsoft.com/dotnet/runtime-deps", "mcr.microsoft.com/dotnet/sdk", "postgres", "quay.io/keycloak/keycloak"],
            images.Select(image => image.Name).Order(StringComparer.Ordinal));
        // PostgreSQL and Debian count their versions with two numbers, the others with three.
        Assert.All(images, image => Assert.Matches(image.Name is "postgres" or "debian" ? @"^\d+\.\d+(-slim)?$" : @"^\d+\.\d+\.\d+(-noble-chiseled)?$", image.Version));
    }

    [Fact]
    public void ComposeAndTheReceiverTakeNoOtherImages()
    {
        Assert.All(ImageLine().Matches(Read("docker-compose.yml")), match => Assert.StartsWith("*", match.Groups["image"].Value, StringComparison.Ordinal));
        Assert.All(
            Files[1..].SelectMany(file => FromLine().Matches(Read(file))), match => Assert.StartsWith("${", match.Groups["image"].Value, StringComparison.Ordinal));
    }

    [Fact]
    public void SetupMakesTheIntegrationBeforeTheSourceThatItIsFor()
    {
        var setup = Read("docs/compose/setup/setup.sh");

        Assert.InRange(setup.IndexOf("\ncreate integrations ", StringComparison.Ordinal), 0, setup.IndexOf("\ncreate sources ", StringComparison.Ordinal));
    }

    private static string Read(string file) => File.ReadAllText(Path.Combine(RepositoryFiles.Root, file));

    // An anchor of compose, or an argument of a Dockerfile, whose value is an image.
    [GeneratedRegex(@"^(?:  - &\w+ |ARG \w+=)(?<name>[a-z][\w./-]*):(?<version>\S+)$", RegexOptions.Multiline)]
    private static partial Regex Image();

    [GeneratedRegex(@"^ +image: (?<image>\S+)$", RegexOptions.Multiline)]
    private static partial Regex ImageLine();

    [GeneratedRegex(@"^FROM (?<image>\S+)", RegexOptions.Multiline)]
    private static partial Regex FromLine();
}
