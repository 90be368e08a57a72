using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;

namespace SiemForwarder.Destinations.Amqp;

/// <summary>One persistent message per event over AMQP 0-9-1, each confirmed by the broker.</summary>
/// <remarks>RabbitMQ, "Consumer Acknowledgements and Publisher Confirms": https://www.rabbitmq.com/docs/confirms. Unroutable messages
/// are returned and count as not accepted.</remarks>
internal sealed class RabbitMqDestination : IDestination
{
    private readonly DestinationSettings settings;
    private readonly TimeProvider time;
    private readonly RabbitMqSettings own;
    private readonly Connector connector;
    private AmqpSession? session;

    private RabbitMqDestination(DestinationSettings settings, TimeProvider time, RabbitMqSettings own)
    {
        this.settings = settings;
        this.time = time;
        this.own = own;
        connector = new Connector(settings.Connection, settings.ServerUrl.Scheme == "amqps", null, time);
    }

    public static DestinationKind Kind { get; } = new()
    {
        Id = "rabbitmq",
        Name = "RabbitMQ",
        Description = "Publishes one persistent message per event to a RabbitMQ exchange (AMQP 0-9-1) and waits for the broker's confirmation.",
        DefaultPorts = new Dictionary<string, int> { ["amqp"] = 5672, ["amqps"] = 5671 },
        TlsSchemes = ["amqps"],
        Acceptance = Acceptance.Acknowledged,
        CheckServerUrl = RabbitMqSettings.CheckUrl,
        CheckSettings = static settings => RabbitMqSettings.Read(new SettingReader(settings)).Faults,
        CarriesBareEvents = true,
        Documentation = "src/SiemForwarder.Destinations/README.md#rabbitmq",
        Fields =
        [
            DestinationField.ServerUrl("amqp://host or amqps://host, with the virtual host as path unless it is '/': amqps://host/audit."),
            DestinationField.Port,
            .. RabbitMqSettings.Fields,
            .. DestinationField.OfPlainAuthentication,
            .. DestinationField.OfTls,
        ],
        Open = static (settings, time) => new RabbitMqDestination(settings, time, RabbitMqSettings.Read(new SettingReader(settings.Settings))),
    };

    public BatchLimits Limits { get; } = new(MaxEvents: 1000, MaxBytes: 4 * 1024 * 1024);

    public async Task<DeliveryOutcome> SendAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        if (own.Faults is [var wrong, ..])
        {
            return wrong.ToFault().ToOutcome(settings.IntegrationName);
        }

        var kept = session is not null;
        var result = await SendOnceAsync(batch, cancellationToken);
        if (kept && result is { Confirmed: 0, Fault.Category: ErrorCategory.Connection })
        {
            // A reused connection that the broker had closed in the meantime says nothing about this batch.
            result = await SendOnceAsync(batch, cancellationToken);
        }

        return result.ToOutcome(settings.IntegrationName, batch.Count);
    }

    public Task<WireImage?> RenderAsync(DeliveryBatch batch, CancellationToken cancellationToken) => Task.FromResult<WireImage?>(new WireImage(
        [.. Enumerable.Range(0, batch.Count).Select(index => WireUnit.Of(WireUnitKind.Message, batch[index]))],
        "Only the message bodies are shown; the AMQP frames around them depend on what is negotiated with the broker."));

    public async Task<TestReport> TestAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        var log = new StageLog(time);
        var opened = await connector.OpenAsync(log, cancellationToken);
        if (!opened.TryGet(out var connection, out _))
        {
            return log.ToReport(default, default);
        }

        var begun = await AmqpSession.OpenAsync(connection, settings, own, time, cancellationToken);
        if (!begun.TryGet(out var ofTest, out var refused))
        {
            log.Failed(TestStageName.Authentication, refused);
            return log.ToReport(default, default);
        }

        await using (ofTest)
        {
            log.Passed(TestStageName.Authentication,
                $"{ofTest.Broker} accepted the forwarder in the virtual host '{RabbitMqSettings.VirtualHost(settings.ServerUrl)}'");
            var result = await ofTest.SendAsync(batch, cancellationToken);
            if (result.Fault is { } fault)
            {
                log.Failed(TestStageName.Acceptance, fault);
            }
            else
            {
                log.Passed(TestStageName.Acceptance, "the broker routed the test event to a queue and confirmed it");
            }
        }

        return log.ToReport(batch.Bytes.ToArray(), default);
    }

    public async ValueTask DisposeAsync()
    {
        if (session is not null)
        {
            await session.DisposeAsync();
        }

        connector.Dispose();
    }

    private async Task<PublishResult> SendOnceAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        var complete = false;
        try
        {
            if (session is null)
            {
                var opened = await connector.OpenAsync(null, cancellationToken);
                if (!opened.TryGet(out var connection, out var unreachable))
                {
                    return PublishResult.Nothing(unreachable, batch.Count);
                }

                var begun = await AmqpSession.OpenAsync(connection, settings, own, time, cancellationToken);
                if (!begun.TryGet(out session, out var refused))
                {
                    return PublishResult.Nothing(refused, batch.Count);
                }
            }

            var result = await session.SendAsync(batch, cancellationToken);
            complete = result.SessionUsable;
            return result;
        }
        finally
        {
            if (!complete && session is { } broken)
            {
                session = null;
                await broken.DisposeAsync();
            }
        }
    }
}

/// <summary>Settings specific to RabbitMQ.</summary>
internal sealed record RabbitMqSettings(string Exchange, string RoutingKey, IReadOnlyList<SettingFault> Faults)
{
    // AMQP 0-9-1: names are short strings.
    private const int MaxNameLength = 255;

    public static DestinationField[] Fields { get; } =
    [
        new("settings.exchange", DestinationFieldType.Text,
            "Exchange to publish to; it must exist. Empty for the default exchange, which routes by queue name.") { Default = "" },
        new("settings.routingKey", DestinationFieldType.Text,
            "Routing key of all messages; with the default exchange, the name of the queue.") { Required = true },
    ];

    public static RabbitMqSettings Read(SettingReader reader)
    {
        var exchange = reader.Text("exchange") ?? "";
        var key = reader.Text("routingKey") ?? "";
        if (exchange.Length == 0 && key.Length == 0)
        {
            reader.Fault("routingKey", "Set the name of a queue, or an exchange.");
        }

        foreach (var (name, value) in new[] { ("exchange", exchange), ("routingKey", key) })
        {
            if (System.Text.Encoding.UTF8.GetByteCount(value) > MaxNameLength)
            {
                reader.Fault(name, $"Must be at most {MaxNameLength} bytes long.");
            }
        }

        return new RabbitMqSettings(exchange, key, reader.Faults);
    }

    /// <summary>What is wrong with a URL; null if it is valid.</summary>
    public static string? CheckUrl(Uri url) =>
        url.Host.Length == 0 ? "Must name a host: amqps://broker.example.com."
        : url.Query.Length > 0 || url.Fragment.Length > 0 || Name(url).Trim('/').Contains('/', StringComparison.Ordinal)
            ? "Must have only the virtual host as its path: amqps://broker.example.com/audit; write a slash in the name as %2F."
        : null;

    /// <summary>The virtual host in a URL: the part after the first slash, percent-decoded; '/' if empty.</summary>
    /// <remarks>RabbitMQ URI Specification, https://www.rabbitmq.com/docs/uri-spec. Strictly, a lone slash names a virtual host with an empty name,
    /// which nobody uses: it means '/' here too, as in RabbitMQ's own client.</remarks>
    public static string VirtualHost(Uri url) => Name(url) is { Length: > 0 } name ? Uri.UnescapeDataString(name) : "/";

    // A leading slash is part of the name, a trailing one is not.
    private static string Name(Uri url)
    {
        var name = url.AbsolutePath.Length > 1 ? url.AbsolutePath[1..] : "";
        return name.Length > 1 ? name.TrimEnd('/') is { Length: > 0 } trimmed ? trimmed : "/" : name;
    }
}
