using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using SiemForwarder.Connections;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Receivers;

/// <summary>Debian's NATS server with JetStream, once in plain text and once with TLS on the same store.</summary>
public sealed class NatsServer : IAsyncLifetime
{
    public const string User = "forwarder";
    public const string Password = "p@ss/word";
    public const int MaxPayload = 100_000;

    private const string Program = "/usr/sbin/nats-server";
    private const string ServerName = "nats.test";

    private readonly CertificateAuthority authority = new("NATS of the tests", TimeProvider.System);
    private readonly ReceiverProcess plain = new();
    private readonly ReceiverProcess secured = new();

    public int Port { get; } = LoopbackPorts.Next();

    public int TlsPort { get; } = LoopbackPorts.Next();

    public TlsSettings ClientTls => new(authority.Pem, ServerName: ServerName);

    /// <summary>Why it cannot run here; null where it can.</summary>
    public string? Missing { get; } = Programs().Any(File.Exists) ? null : "nats-server is not installed: run .ci/install-receivers";

    public async ValueTask InitializeAsync()
    {
        if (Missing is null)
        {
            await StartAsync(plain, Port, "", CancellationToken.None);
            using var server = authority.IssueServer(ServerName);
            secured.Write("server.pem", server.ExportCertificatePem() + "\n");
            secured.Write("server.key", System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions.GetECDsaPrivateKey(server)!.ExportPkcs8PrivateKeyPem() + "\n");
            await StartAsync(secured, TlsPort, $"tls {{ cert_file: '{secured.PathOf("server.pem")}', key_file: '{secured.PathOf("server.key")}' }}", CancellationToken.None);
        }
    }

    public Task KillAsync() => plain.KillAsync();

    public Task RestartAsync(CancellationToken cancellationToken) => StartAsync(plain, Port, "", cancellationToken);

    /// <summary>Makes a stream of a subject at the server in plain text.</summary>
    public async Task CreateStreamAsync(string subject, string limits, CancellationToken cancellationToken)
    {
        var stream = StreamOf(subject);
        var answer = await AskAsync($"$JS.API.STREAM.CREATE.{stream}", $$"""{"name":"{{stream}}","subjects":["{{subject}}"],"storage":"file"{{limits}}}""", cancellationToken);
        Assert.Null(answer["error"]);
    }

    /// <summary>The message at a position of a stream, from 1: its id and its text; null if there is none.</summary>
    public async Task<(string? Id, string Text)?> ReadAsync(string subject, int position, CancellationToken cancellationToken)
    {
        var answer = await AskAsync($"$JS.API.STREAM.MSG.GET.{StreamOf(subject)}", $$"""{"seq":{{position}}}""", cancellationToken);
        if (answer["message"] is not { } message)
        {
            return null;
        }

        var headers = Encoding.UTF8.GetString(Convert.FromBase64String((string?)message["hdrs"] ?? ""));
        return (headers.Split("Nats-Msg-Id: ") is [_, var id] ? id.Trim() : null, Encoding.UTF8.GetString(Convert.FromBase64String((string?)message["data"] ?? "")));
    }

    public async ValueTask DisposeAsync()
    {
        await plain.DisposeAsync();
        await secured.DisposeAsync();
        authority.Dispose();
    }

    private static IEnumerable<string> Programs() => [Program, "/usr/bin/nats-server"];

    private static string StreamOf(string subject) => subject.Replace('.', '_').ToUpperInvariant();

    private static Task StartAsync(ReceiverProcess process, int port, string tls, CancellationToken cancellationToken)
    {
        process.Write("nats.conf", $$"""
            host: 127.0.0.1
            port: {{port}}
            max_payload: {{MaxPayload}}
            jetstream { store_dir: '{{process.PathOf("store")}}', max_memory_store: 64MB, max_file_store: 256MB }
            accounts {
              A { jetstream: enabled, users: [
                { user: {{User}}, password: '{{Password}}' },
                { user: reader, password: '{{Password}}', permissions: { publish: { deny: '>' } } } ] }
            }
            {{tls}}
            """);
        return process.StartAsync(Programs().First(File.Exists), "-c nats.conf", new Dictionary<string, string>(), port, cancellationToken);
    }

    // A client of its own, so that what is read does not depend on what wrote it.
    private async Task<JsonObject> AskAsync(string subject, string body, CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", Port, cancellationToken);
        await using var stream = client.GetStream();
        using var reader = new StreamReader(stream, Encoding.UTF8);
        await reader.ReadLineAsync(cancellationToken);
        var request = string.Create(
            CultureInfo.InvariantCulture,
            $"CONNECT {{\"verbose\":false,\"user\":\"{User}\",\"pass\":\"{Password}\"}}\r\nSUB answers 1\r\nPUB {subject} answers {Encoding.UTF8.GetByteCount(body)}\r\n{body}\r\n");
        await stream.WriteAsync(Encoding.UTF8.GetBytes(request), cancellationToken);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.StartsWith("MSG answers ", StringComparison.Ordinal))
            {
                return (JsonObject)JsonNode.Parse((await reader.ReadLineAsync(cancellationToken))!)!;
            }
        }

        throw new InvalidOperationException("the server closed");
    }
}
