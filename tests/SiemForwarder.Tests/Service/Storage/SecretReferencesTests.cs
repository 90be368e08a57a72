using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using SiemForwarder.Connections;
using SiemForwarder.Service;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Sources;
using SiemForwarder.Service.Storage.Protection;

namespace SiemForwarder.Tests.Service.Storage;

/// <summary>Secrets that are kept outside: read anew, never beyond what the operator opened, and a missing one is told.</summary>
public sealed class SecretReferencesTests : IDisposable
{
    private const string Name = "authentication.token";

    private readonly string folder = Directory.CreateTempSubdirectory("siemforwarder-secrets-").FullName;
    private readonly string variable = $"SIEM_SECRET_{Guid.NewGuid():N}";

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(variable, null);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void AFileIsReadAsItIsNowAndAReplacedOneIsSeen()
    {
        var references = References();
        var definition = Definition($"file:{folder}/token");
        var missing = references.Find(Name, $"file:{folder}/token")!;
        var before = SecretReferences.Stamp(3, definition);
        Write("token", "\uFEFFfirst\r\n");
        var first = references.Find(Name, $" file:{folder}/token\n")!;
        var between = SecretReferences.Stamp(3, definition);
        Write("token", "second and longer\n");
        var second = references.Complete(new Dictionary<string, Secret> { ["tls.clientKey"] = new("stored") }, definition)!;

        Assert.Equal($"{Name} is file:{folder}/token, which does not exist on this engine.", missing.Unread);
        Assert.Equal(("", "first", null), (missing.Reveal(), first.Reveal(), first.Unread));
        Assert.Equal(("stored", "second and longer", $"file:{folder}/token"), (second["tls.clientKey"].Reveal(), second[Name].Reveal(), second[Name].Reference));
        Assert.Equal(3, new[] { before, between, SecretReferences.Stamp(3, definition) }.Distinct().Count());
        Assert.Equal(SecretReferences.Stamp(3, definition), SecretReferences.Stamp(3, definition));
        Assert.NotEqual(SecretReferences.Stamp(3, definition), SecretReferences.Stamp(4, definition));
        Assert.Equal(3, SecretReferences.Stamp(3, Definition("env:SIEM_SECRET_X")));
    }

    [Fact]
    public void AVariableWithThePrefixIsRead()
    {
        var missing = References().Find(Name, $"env:{variable}")!;
        Environment.SetEnvironmentVariable(variable, "of the environment");

        Assert.Equal($"{Name} is env:{variable}, which is not set in the environment of this engine.", missing.Unread);
        Assert.Equal("of the environment", References().Find(Name, $"env:{variable}")!.Reveal());
    }

    [Fact]
    public void APasswordKeepsItsBlanksAndAFileThatIsTooLongOrEmptyIsNone()
    {
        Write("password", " with blanks \n");
        Write("long", new string('x', 65_537));
        Write("empty", "\n");

        Assert.Equal(" with blanks ", References().Find("authentication.password", $"file:{folder}/password")!.Reveal());
        Assert.Contains("longer than 64 KiB", References().Find(Name, $"file:{folder}/long")!.Unread, StringComparison.Ordinal);
        Assert.Contains("is empty", References().Find(Name, $"file:{folder}/empty")!.Unread, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("env:PATH")]
    [InlineData("env:")]
    [InlineData("env:SIEM_SECRET_")]
    [InlineData("env:SIEM_SECRET_A=B")]
    [InlineData("env:siem_secret_token")]
    [InlineData("file:/etc/passwd")]
    [InlineData("file:/proc/self/environ")]
    [InlineData("file:token")]
    [InlineData("file:~/token")]
    [InlineData("file:FOLDER")]
    [InlineData("file:FOLDER/")]
    [InlineData("file:FOLDER/../other")]
    [InlineData("file:FOLDER/./token")]
    [InlineData("file:FOLDER//token")]
    [InlineData("file:FOLDER/kubernetes.io/token")]
    [InlineData("file:FOLDER2/token")]
    [InlineData("file:FOLDER/own-key")]
    [InlineData("file:FOLDER/link-to-own-key")]
    public void NothingElseOfTheMachineIsRead(string reference)
    {
        Directory.CreateDirectory(Path.Combine(folder, "kubernetes.io"));
        Write("kubernetes.io/token", "of the pod");
        Write("token", "of the folder");
        Write("own-key", "of the service");
        File.CreateSymbolicLink(Path.Combine(folder, "link-to-own-key"), "own-key");
        reference = reference.Replace("FOLDER", folder, StringComparison.Ordinal);

        var secret = References().Find(Name, reference)!;

        Assert.NotNull(References().Refuse(reference));
        Assert.Equal("", secret.Reveal());
        Assert.StartsWith($"{Name} is {reference}, which is not allowed: ", secret.Unread, StringComparison.Ordinal);
    }

    [Fact]
    public void AnIntegrationIsStoredWithTheReferenceAndWhatIsNotAllowedIsRefused()
    {
        Write("header", "X-Key: 1");
        var allowed = Validate($"file:{folder}/header", out var none);
        var elsewhere = Validate($"file:{folder}/not-here-yet", out var forgiven);
        Assert.Null(Validate("file:/etc/passwd", out var refused));
        Write("header", "no header at all");
        Assert.Null(Validate($"file:{folder}/header", out var wrong));

        Assert.False(none.Any);
        Assert.Equal("X-Key: 1", allowed!.Secrets["authentication.header"].Reveal());
        Assert.Equal($"file:{folder}/header", Assert.Single(allowed.Settings.SecretReferences!).Value);
        Assert.DoesNotContain("X-Key", allowed.Settings.ToJson(), StringComparison.Ordinal);
        Assert.False(forgiven.Any, string.Join(' ', forgiven.ByField.Values.SelectMany(one => one)));
        Assert.NotNull(elsewhere);
        Assert.Contains(folder, Assert.Single(refused.ByField["authentication.header"]), StringComparison.Ordinal);
        Assert.Contains("full line", Assert.Single(wrong.ByField["authentication.header"]), StringComparison.Ordinal);
    }

    [Fact]
    public void ASourceOfTheReferencesOfItsClientAndItsInboxKnowsNoEmptyKey()
    {
        var errors = new FieldErrors();
        var request = new SourceRequest
        {
            Name = "n", Keycloak = new KeycloakRequest("https://sso.example.com", "r", "c", $"env:{variable}"), Inbox = new InboxRequest(Key: $"file:{folder}/key"),
        };

        var valid = SourceRules.Validate(request, new Dictionary<string, Secret>(), errors, references: References())!;
        var inbox = valid.Definition.ToInbox(new SiemForwarder.Service.Storage.Source { Name = "n", Kind = "keycloak", Definition = "" }, valid.Secrets, false)!;

        Assert.Equal(["inbox.key", "keycloak.clientSecret"], valid.Definition.SecretReferences!.Keys);
        Assert.Empty(inbox.Keys);
    }

    private ValidIntegration? Validate(string header, out FieldErrors errors) => IntegrationRules.Validate(
        new IntegrationRequest
        {
            Name = "n", ServerUrl = "https://siem.example.com", Authentication = new AuthenticationRequest("header", Header: header),
        }, new Dictionary<string, Secret>(), errors = new FieldErrors(), references: References());

    private SecretReferences References() => new(
        Options.Create(new SecretsOptions { Folders = [folder] }), Options.Create(new ForwarderOptions()),
        new ConfigurationBuilder().AddInMemoryCollection([new("Forwarder:Secrets:MasterKeyFile", Path.Combine(folder, "own-key"))]).Build());

    private static string Definition(string reference) => $$"""{"port":1,"secretReferences":{"{{Name}}":"{{reference}}"} }""";

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(folder, name), text);
}
