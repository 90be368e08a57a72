using System.IO.Compression;
using System.Text;
using SiemForwarder.Connections;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Receivers;

/// <summary>20minutes' s3rver of npm, which checks signatures and keeps objects as files; once in plain text and once with TLS.</summary>
public sealed class S3Server : IAsyncLifetime
{
    public const string AccessKey = "S3RVER";
    public const string SecretKey = "S3RVER";
    public const string Bucket = "audit-lake";

    private const string ServerName = "s3.test";
    private const string Ending = "._S3rver_object";

    private const string Program = "/usr/bin/node";

    private static readonly string Installed =
        Path.Combine(Environment.GetEnvironmentVariable("S3RVER_HOME") ?? "/opt/siemforwarder-s3rver", "node_modules", "@20minutes", "s3rver", "lib", "s3rver.js");

    private readonly CertificateAuthority authority = new("S3 of the tests", TimeProvider.System);
    private readonly ReceiverProcess plain = new();
    private readonly ReceiverProcess secured = new();

    public int Port { get; } = LoopbackPorts.Next();

    public int TlsPort { get; } = LoopbackPorts.Next();

    public TlsSettings ClientTls => new(authority.Pem, ServerName: ServerName);

    /// <summary>Why it cannot run here; null where it can.</summary>
    public string? Missing { get; } = File.Exists(Installed) && File.Exists(Program) ? null : "s3rver is not installed: run .ci/install-receivers, which needs npm";

    public async ValueTask InitializeAsync()
    {
        if (Missing is null)
        {
            await StartAsync(plain, Port, [], CancellationToken.None);
            using var server = authority.IssueServer(ServerName);
            secured.Write("server.pem", server.ExportCertificatePem() + "\n");
            secured.Write("server.key", System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions.GetECDsaPrivateKey(server)!.ExportPkcs8PrivateKeyPem() + "\n");
            await StartAsync(secured, TlsPort, ["server.key", "server.pem"], CancellationToken.None);
        }
    }

    public Task KillAsync() => plain.KillAsync();

    public Task RestartAsync(CancellationToken cancellationToken) => StartAsync(plain, Port, [], cancellationToken);

    /// <summary>The objects below a prefix, by name, from the files of the server in plain text.</summary>
    public IReadOnlyDictionary<string, byte[]> Read(string prefix)
    {
        var folder = Path.Combine(plain.PathOf("data"), Bucket);
        return Directory.EnumerateFiles(folder, "*" + Ending, SearchOption.AllDirectories)
            .Select(file => (Key: Path.GetRelativePath(folder, file)[..^Ending.Length], File: file))
            .Where(one => one.Key.StartsWith(prefix, StringComparison.Ordinal))
            .ToDictionary(one => one.Key, one => File.ReadAllBytes(one.File));
    }

    /// <summary>The lines of all objects below a prefix, without the manifests.</summary>
    public IReadOnlyList<string> ReadLines(string prefix) =>
        [.. Read(prefix).Where(one => !one.Key.Contains("/_manifest/", StringComparison.Ordinal)).SelectMany(one => LinesOf(one.Value))];

    /// <summary>The lines of a compressed object.</summary>
    public static string[] LinesOf(byte[] compressed)
    {
        using var gzip = new GZipStream(new MemoryStream(compressed), CompressionMode.Decompress);
        using var reader = new StreamReader(gzip, Encoding.UTF8);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    public async ValueTask DisposeAsync()
    {
        await plain.DisposeAsync();
        await secured.DisposeAsync();
        authority.Dispose();
    }

    private static Task StartAsync(ReceiverProcess process, int port, string[] tls, CancellationToken cancellationToken)
    {
        process.Write("serve.js", $$"""
            const fs = require('fs')
            const S3rver = require('{{Installed}}')
            // The AWS clients for .NET end the path of a bucket with a slash, as S3 allows; this server forgets it before it calculates the signature.
            const v4 = require('{{Path.Combine(Path.GetDirectoryName(Installed)!, "signature", "v4.js")}}')
            const calculate = v4.getStringToSign
            v4.getStringToSign = (canonical, signature) =>
              calculate(canonical.uri.lastIndexOf('/') === 0 ? Object.assign({}, canonical, { uri: canonical.uri + '/' }) : canonical, signature)
            const [key, cert] = {{System.Text.Json.JsonSerializer.Serialize(tls)}}.map(file => fs.readFileSync(file))
            new S3rver({
              address: '127.0.0.1', port: {{port}}, silent: true, directory: '{{process.PathOf("data")}}', vhostBuckets: false, key, cert,
              configureBuckets: [{ name: '{{Bucket}}' }],
            }).run()
            """);
        return process.StartAsync(Program, "serve.js", new Dictionary<string, string> { ["HOME"] = process.Folder }, port, cancellationToken);
    }
}
