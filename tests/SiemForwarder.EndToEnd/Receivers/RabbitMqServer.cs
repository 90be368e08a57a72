using System.Security.Cryptography.X509Certificates;
using RabbitMQ.Client;
using SiemForwarder.Connections;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Receivers;

/// <summary>Debian's RabbitMQ as a node of its own on loopback, with a name service (epmd) of its own beside it.</summary>
public sealed class RabbitMqServer : IAsyncLifetime
{
    public const string User = "forwarder";
    public const string Password = "p@ss/word";
    public const int MaxMessageBytes = 1_000_000;

    private const string Program = "/usr/lib/rabbitmq/bin/rabbitmq-server";
    private const string NameService = "/usr/bin/epmd";
    private const string ServerName = "broker.test";
    private static readonly TimeSpan MaxStartLength = TimeSpan.FromMinutes(5);

    private readonly CertificateAuthority authority = new("Brokers of the tests", TimeProvider.System);
    private readonly ReceiverProcess names = new();
    private readonly ReceiverProcess broker = new();
    private readonly int namesPort = LoopbackPorts.Next();
    private readonly int peerPort = LoopbackPorts.Next();

    public int Port { get; } = LoopbackPorts.Next();

    public int TlsPort { get; } = LoopbackPorts.Next();

    /// <summary>Why it cannot run here; null where it can.</summary>
    public string? Missing { get; } = File.Exists(Program) && File.Exists(NameService) ? null : "rabbitmq-server is not installed: run .ci/install-receivers";

    public TlsSettings ClientTls => new(authority.Pem, ServerName: ServerName);

    public async ValueTask InitializeAsync()
    {
        if (Missing is not null)
        {
            return;
        }

        using var server = authority.IssueServer(ServerName);
        broker.Write("ca.pem", authority.Pem);
        broker.Write("server.pem", server.ExportCertificatePem() + "\n");
        broker.Write("server.key", server.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem() + "\n");
        broker.Write("plugins", "[].\n");
        broker.Write("rabbitmq.conf", $"""
            listeners.tcp.1 = 127.0.0.1:{Port}
            listeners.ssl.1 = 127.0.0.1:{TlsPort}
            ssl_options.cacertfile = {broker.PathOf("ca.pem")}
            ssl_options.certfile = {broker.PathOf("server.pem")}
            ssl_options.keyfile = {broker.PathOf("server.key")}
            ssl_options.verify = verify_none
            default_user = {User}
            default_pass = {Password}
            vm_memory_high_watermark.absolute = 400MB
            disk_free_limit.absolute = 1MB
            max_message_size = {MaxMessageBytes}

            """);
        using var bound = new CancellationTokenSource(MaxStartLength);
        await names.StartAsync(NameService, $"-port {namesPort} -address 127.0.0.1", new Dictionary<string, string>(), namesPort, bound.Token);
        await StartAsync(bound.Token);
    }

    /// <summary>Starts the broker on what it has stored.</summary>
    public Task StartAsync(CancellationToken cancellationToken) => broker.StartAsync(
        Program,
        "",
        new Dictionary<string, string>
        {
            ["HOME"] = broker.Folder,
            ["ERL_EPMD_PORT"] = $"{namesPort}",
            ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
            ["RABBITMQ_NODENAME"] = $"test{Port}@localhost",
            ["RABBITMQ_DIST_PORT"] = $"{peerPort}",
            ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none",
            ["RABBITMQ_CONF_ENV_FILE"] = "/dev/null",
            ["RABBITMQ_CONFIG_FILE"] = broker.PathOf("rabbitmq.conf"),
            ["RABBITMQ_ADVANCED_CONFIG_FILE"] = broker.PathOf("none.config"),
            ["RABBITMQ_ENABLED_PLUGINS_FILE"] = broker.PathOf("plugins"),
            ["RABBITMQ_MNESIA_BASE"] = broker.PathOf("data"),
            ["RABBITMQ_LOG_BASE"] = broker.PathOf("log"),
            ["RABBITMQ_LOGS"] = "-",
            ["RABBITMQ_PID_FILE"] = broker.PathOf("pid"),
        },
        TlsPort,
        cancellationToken);

    /// <summary>Kills the broker, as a power cut of its machine would.</summary>
    public async Task KillAsync(CancellationToken cancellationToken)
    {
        await broker.KillAsync();
        await ReceiverProcess.WaitUntilClosedAsync(Port, cancellationToken);
        await ReceiverProcess.WaitUntilClosedAsync(peerPort, cancellationToken);
    }

    /// <summary>A connection of the test's own, to declare and to read.</summary>
    public Task<IConnection> ConnectAsync(CancellationToken cancellationToken) => new ConnectionFactory
    {
        HostName = "127.0.0.1",
        Port = Port,
        UserName = User,
        Password = Password,
        AutomaticRecoveryEnabled = false,
    }.CreateConnectionAsync(cancellationToken);

    /// <summary>Makes a durable queue.</summary>
    public async Task DeclareAsync(string queue, CancellationToken cancellationToken, IDictionary<string, object?>? arguments = null)
    {
        await using var connection = await ConnectAsync(cancellationToken);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        await channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, arguments, cancellationToken: cancellationToken);
    }

    /// <summary>Takes everything out of a queue.</summary>
    public async Task<IReadOnlyList<BasicGetResult>> TakeAllAsync(string queue, CancellationToken cancellationToken)
    {
        await using var connection = await ConnectAsync(cancellationToken);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        var all = new List<BasicGetResult>();
        while (await channel.BasicGetAsync(queue, autoAck: true, cancellationToken) is { } message)
        {
            all.Add(message);
        }

        return all;
    }

    public async ValueTask DisposeAsync()
    {
        await broker.DisposeAsync();
        await names.DisposeAsync();
        authority.Dispose();
    }
}
