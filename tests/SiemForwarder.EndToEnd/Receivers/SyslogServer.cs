using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Receivers;

/// <summary>A real syslog server with an input for every transport; TLS only for clients of the right authority and name.</summary>
public abstract class SyslogServer : IAsyncLifetime
{
    protected const string Output = "out.json";
    protected const string ServerName = "siem.test";
    protected const string ClientName = "client.test";

    private readonly CertificateAuthority authority = new("Receivers of the tests", TimeProvider.System);

    internal ReceiverProcess Process { get; } = new();

    /// <summary>RFC 5424 with octet counting over TCP.</summary>
    public int CountedPort { get; } = LoopbackPorts.Next();

    /// <summary>RFC 5424 by line over TCP.</summary>
    public int LinePort { get; protected init; } = LoopbackPorts.Next();

    public int UdpPort { get; } = LoopbackPorts.Next();

    public int TlsPort { get; } = LoopbackPorts.Next();

    /// <summary>Why this server cannot run here; null where it can.</summary>
    public abstract string? Missing { get; }

    public async ValueTask InitializeAsync()
    {
        if (Missing is not null)
        {
            return;
        }

        using var server = authority.IssueServer(ServerName);
        Process.Write("ca.pem", authority.Pem);
        Process.Write("server.pem", server.ExportCertificatePem() + "\n");
        Process.Write("server.key", KeyOf(server) + "\n");
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await StartAsync(bound.Token);
    }

    /// <summary>What the server understood, oldest first, once it wrote so many.</summary>
    public Task<IReadOnlyList<JsonElement>> ReadAsync(int count, CancellationToken cancellationToken) => Process.ReadAsync(Output, count, cancellationToken);

    /// <summary>A destination that sends to this server; the test is skipped where the server cannot run.</summary>
    internal IDestination Open(string url, SyslogFraming framing, TlsSettings? tls = null)
    {
        Assert.SkipWhen(Missing is not null, Missing ?? "");
        var uri = new Uri(url);
        return DestinationCatalog.FindByScheme(uri.Scheme)!.Open(
            new DestinationSettings
            {
                IntegrationName = "corp-siem",
                ServerUrl = uri,
                Port = uri.Port,
                Framing = framing,
                Tls = tls ?? new TlsSettings(),
                Timeout = TimeSpan.FromSeconds(10),
            },
            TimeProvider.System);
    }

    public TlsSettings ClientTls(CertificateAuthority? issuer = null, string name = ClientName)
    {
        using var client = (issuer ?? authority).IssueClient(name);
        return new TlsSettings(authority.Pem, client.ExportCertificatePem(), new Secret(KeyOf(client)), ServerName);
    }

    public TlsSettings AnonymousTls() => new(authority.Pem, ServerName: ServerName);

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        authority.Dispose();
        GC.SuppressFinalize(this);
    }

    protected abstract Task StartAsync(CancellationToken cancellationToken);

    private static string KeyOf(X509Certificate2 certificate) => certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem();
}
