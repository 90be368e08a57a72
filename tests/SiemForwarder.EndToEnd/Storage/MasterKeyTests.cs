using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Storage.Private;
using SiemForwarder.Service.Storage.Protection;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Storage;

/// <summary>Stored secrets are worth nothing without the master key, which is not in the database; it is set, rotated and missed while events wait.</summary>
public sealed class MasterKeyTests(TestPostgres postgres)
{
    private const string Token = "m4rked-t0ken-of-the-siem";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ADumpOfTheDatabaseAloneRevealsNoSecretAndStartsNoEngine()
    {
        await using var folder = new TemporaryFolder();
        await using var receiver = HttpReceiver.Start(new HttpReply(200));
        var file = WriteKeys(folder, NewKey());
        var database = await postgres.CreateDatabaseAsync();
        await using (var forwarder = await ForwarderApplication.StartOnAsync(database, Setting(file)))
        {
            await AddAsync(forwarder, receiver);
            await SendsItsTokenAsync(forwarder, receiver);
        }

        var dump = await DatabaseDump.ReadAsync(database, Stop);
        var fault = await Assert.ThrowsAsync<DatabaseStartException>(() => ForwarderApplication.StartOnAsync(database));
        var foreign = await Assert.ThrowsAsync<DatabaseStartException>(() => ForwarderApplication.StartOnAsync(database, Setting(WriteKeys(folder, NewKey(), "other"))));

        Assert.Contains("protection_key", dump, StringComparison.Ordinal);
        Assert.Contains("aes", dump, StringComparison.OrdinalIgnoreCase);
        Assert.All([Token, "requiresEncryption", "<value>", File.ReadAllText(file).Trim()], text => Assert.DoesNotContain(text, dump, StringComparison.Ordinal));
        Assert.StartsWith("The stored secrets are protected by a master key: set its file in Forwarder__Secrets__MasterKeyFile", fault.Message, StringComparison.Ordinal);
        Assert.Matches("^The stored secrets cannot be read: The master key [0-9a-f]{8} is not in the file", foreign.Message);
    }

    [Fact]
    public async Task SecretsOfADatabaseWithoutOneAreWrappedAtTheNextStart()
    {
        await using var folder = new TemporaryFolder();
        await using var receiver = HttpReceiver.Start(new HttpReply(200));
        var database = await postgres.CreateDatabaseAsync();
        await using (var before = await ForwarderApplication.StartOnAsync(database))
        {
            await AddAsync(before, receiver);
        }

        Assert.Contains("<value>", await DatabaseDump.ReadAsync(database, Stop), StringComparison.Ordinal);
        await using var forwarder = await ForwarderApplication.StartOnAsync(database, Setting(WriteKeys(folder, NewKey())));

        Assert.DoesNotContain("<value>", await DatabaseDump.ReadAsync(database, Stop), StringComparison.Ordinal);
        await SendsItsTokenAsync(forwarder, receiver);
    }

    [Fact]
    public async Task ARotationIsFollowedWhileTheServiceRunsAndTheFormerKeyMayGo()
    {
        await using var folder = new TemporaryFolder();
        await using var receiver = HttpReceiver.Start(new HttpReply(200));
        var (first, second) = (NewKey(), NewKey());
        var file = WriteKeys(folder, first);
        var database = await postgres.CreateDatabaseAsync();
        await using (var forwarder = await ForwarderApplication.StartOnAsync(database, Setting(file)))
        {
            await AddAsync(forwarder, receiver);
            WriteKeys(folder, $"{second}\n{first}");
            await forwarder.Services.GetRequiredService<KeyRewrapping>().RunAsync(Stop);
            await SendsItsTokenAsync(forwarder, receiver);
        }

        WriteKeys(folder, second);
        await using var later = await ForwarderApplication.StartOnAsync(database, Setting(file));

        await SendsItsTokenAsync(later, receiver);
        Assert.DoesNotContain(MasterKey.Of(Convert.FromBase64String(first)).Id, await DatabaseDump.ReadAsync(database, Stop), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pem")]
    [InlineData("p12")]
    public async Task ACertificateTakesTheKeysOverFromAKeyAndAnotherOneFromIt(string kind)
    {
        await using var folder = new TemporaryFolder();
        await using var receiver = HttpReceiver.Start(new HttpReply(200));
        var key = NewKey();
        var (first, second) = (WriteCertificate(folder, "first", kind), WriteCertificate(folder, "second", kind));
        var file = WriteKeys(folder, key);
        var database = await postgres.CreateDatabaseAsync();
        await using (var forwarder = await ForwarderApplication.StartOnAsync(database, Setting(file)))
        {
            await AddAsync(forwarder, receiver);
            foreach (var keys in new[] { $"{first}\n{key}", $"{second}\n{first}", second })
            {
                WriteKeys(folder, keys);
                await forwarder.Services.GetRequiredService<KeyRewrapping>().RunAsync(Stop);
                await SendsItsTokenAsync(forwarder, receiver);
            }
        }

        await using (var later = await ForwarderApplication.StartOnAsync(database, Setting(file)))
        {
            await SendsItsTokenAsync(later, receiver);
        }

        WriteKeys(folder, first);
        var fault = await Assert.ThrowsAsync<DatabaseStartException>(() => ForwarderApplication.StartOnAsync(database, Setting(file)));
        Assert.StartsWith("The stored secrets cannot be read: The master key ", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("<value>", await DatabaseDump.ReadAsync(database, Stop), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnEngineStartsWithADataKeyThatKmsDecrypts()
    {
        await using var folder = new TemporaryFolder();
        var key = RandomNumberGenerator.GetBytes(MasterKey.Length);
        await using var kms = HttpReceiver.Start(new HttpReply(200, $$"""{"KeyId":"k","Plaintext":"{{Convert.ToBase64String(key)}}"}""")
        {
            Headers = ["Content-Type: application/x-amz-json-1.1"],
        });
        var database = await postgres.CreateDatabaseAsync();
        await using var process = new ForwarderProcess(ForwarderProcess.NewFolder(), new Dictionary<string, string>
        {
            ["ConnectionStrings__Forwarder"] = database,
            ["Forwarder__Secrets__MasterKeyFile"] = WriteKeys(folder, $"aws-kms:{Convert.ToBase64String(RandomNumberGenerator.GetBytes(180))}"),
            ["AWS_ENDPOINT_URL_KMS"] = $"http://127.0.0.1:{kms.Port}", ["AWS_REGION"] = "eu-central-1", ["AWS_ACCESS_KEY_ID"] = "id",
            ["AWS_SECRET_ACCESS_KEY"] = "secret", ["AWS_EC2_METADATA_DISABLED"] = "true",
        });

        await process.StartAsync(Stop);
        await process.WaitUntilReadyAsync(Stop);

        await process.PostAsync(
            "/api/v1/integrations", new { name = "hook", serverUrl = "http://127.0.0.1:9/", authentication = new { type = "bearer", token = Token } }, Stop);

        var dump = await DatabaseDump.ReadAsync(database, Stop);
        Assert.Contains(MasterKey.Of(key).Id, dump, StringComparison.Ordinal);
        Assert.DoesNotContain("<value>", dump, StringComparison.Ordinal);
        Assert.NotEmpty(kms.Requests);
    }

    [Fact]
    public async Task ACertificateWithoutItsKeyEndsTheStartWithOneSentence()
    {
        await using var folder = new TemporaryFolder();
        using var authority = new CertificateAuthority("Own", TimeProvider.System);
        var path = Path.Combine(folder.Path, "bare.pem");
        await File.WriteAllTextAsync(path, authority.Pem, Stop);

        var fault = await Assert.ThrowsAsync<DatabaseStartException>(() => ForwarderApplication.StartAsync(postgres, Setting(WriteKeys(folder, $"certificate:{path}"))));

        Assert.StartsWith($"The certificate {path} in the master key file cannot be used: ", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("c2hvcnQ=")]
    [InlineData("this is no base64")]
    public async Task AFileThatHoldsNoKeyEndsTheStartWithOneSentence(string content)
    {
        await using var folder = new TemporaryFolder();
        var file = WriteKeys(folder, content);

        var fault = await Assert.ThrowsAsync<DatabaseStartException>(() => ForwarderApplication.StartAsync(postgres, Setting(file)));

        Assert.StartsWith($"The master key file {file} must contain 32 bytes in base64 on each line", fault.Message, StringComparison.Ordinal);
    }

    private static Task AddAsync(ForwarderApplication forwarder, HttpReceiver receiver) => forwarder.PostAsync(
        "/api/v1/integrations", new { name = "hook", serverUrl = $"http://127.0.0.1:{receiver.Port}/", authentication = new { type = "bearer", token = Token } });

    /// <summary>The stored token reaches the receiver, so it can be read.</summary>
    private static async Task SendsItsTokenAsync(ForwarderApplication forwarder, HttpReceiver receiver)
    {
        var before = receiver.Requests.Count;

        await forwarder.PostAsync("/api/v1/integrations/1/test");

        Assert.Equal($"Bearer {Token}", receiver.Requests[before].FindHeader("Authorization"));
    }

    private static string Setting(string file) => $"--Forwarder:Secrets:MasterKeyFile={file}";

    private static string NewKey() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(MasterKey.Length));

    /// <summary>Writes a certificate with its key; the line that names it.</summary>
    private static string WriteCertificate(TemporaryFolder folder, string name, string kind)
    {
        using var rsa = RSA.Create(2048);
        using var certificate = new CertificateRequest($"CN={name}", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(60));
        var (path, password) = (Path.Combine(folder.Path, $"{name}.{kind}"), Path.Combine(folder.Path, $"{name}.password"));
        File.WriteAllText(password, "a password\n");
        if (kind == "pem")
        {
            File.WriteAllText(path, $"{certificate.ExportCertificatePem()}\n{rsa.ExportPkcs8PrivateKeyPem()}\n");
            return $"certificate:{path}";
        }

        File.WriteAllBytes(path, certificate.Export(X509ContentType.Pkcs12, "a password"));
        return $"certificate:{path} {password}";
    }

    private static string WriteKeys(TemporaryFolder folder, string keys, string name = "master-key")
    {
        var path = Path.Combine(folder.Path, name);
        File.WriteAllText(path + ".new", keys + "\n");
        File.Move(path + ".new", path, overwrite: true);
        return path;
    }
}
