using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;

namespace SiemForwarder.Destinations.Nats;

/// <summary>One message per event to a subject of NATS, each confirmed by the stream of JetStream that stores it.</summary>
/// <remarks>https://docs.nats.io/nats-concepts/jetstream; the client protocol: https://docs.nats.io/reference/reference-protocols/nats-protocol.</remarks>
internal sealed class NatsDestination : IDestination
{
    private readonly DestinationSettings settings;
    private readonly NatsSettings own;
    private readonly TimeProvider time;
    private readonly Connector connector;
    private NatsSession? session;

    private NatsDestination(DestinationSettings settings, NatsSettings own, TimeProvider time)
    {
        this.settings = settings;
        this.own = own;
        this.time = time;
        connector = new Connector(settings.Connection, settings.ServerUrl.Scheme == "natss", null, time) { StartsPlain = true };
    }

    public static DestinationKind Kind { get; } = new()
    {
        Id = "nats",
        Name = "NATS JetStream",
        Description = "Publishes one message per event to a subject of NATS and waits until a stream of JetStream has stored it.",
        DefaultPorts = new Dictionary<string, int> { ["nats"] = 4222, ["natss"] = 4222 },
        TlsSchemes = ["natss"],
        Acceptance = Acceptance.Acknowledged,
        CheckServerUrl = NatsSettings.CheckUrl,
        CheckSettings = static settings => NatsSettings.Read(new SettingReader(settings)).Faults,
        CarriesBareEvents = true,
        Documentation = "src/SiemForwarder.Destinations/README.md#nats",
        Fields =
        [
            DestinationField.ServerUrl("nats://host, or natss://host if the server requires TLS."),
            DestinationField.Port,
            .. NatsSettings.Fields,
            DestinationField.OfAuthentication[0] with
            {
                Choices = ["none", "basic", "bearer"], Description = "How the forwarder authenticates; bearer is a token.",
            },
            .. DestinationField.OfAuthentication[1..3],
            DestinationField.OfAuthentication[4],
            .. DestinationField.OfTls,
        ],
        Open = static (settings, time) => new NatsDestination(settings, NatsSettings.Read(new SettingReader(settings.Settings)), time),
    };

    public BatchLimits Limits { get; } = new(MaxEvents: 1000, MaxBytes: 4 * 1024 * 1024);

    public async Task<DeliveryOutcome> SendAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (own.Faults is [var wrong, ..])
        {
            return wrong.ToFault().ToOutcome(settings.IntegrationName);
        }

        var kept = session is not null;
        var result = await SendOnceAsync(batch, cancellationToken);
        if (kept && result is { Fault.Category: ErrorCategory.Connection, Refused.Count: 0 } && result.Retry.Count == batch.Count)
        {
            // A reused connection that the server had closed in the meantime says nothing about this batch.
            result = await SendOnceAsync(batch, cancellationToken);
        }

        return result.ToOutcome(settings.IntegrationName, batch.Count, "message", $"stored under '{own.Subject}'");
    }

    public Task<WireImage?> RenderAsync(DeliveryBatch batch, CancellationToken cancellationToken) => Task.FromResult<WireImage?>(new WireImage(
        [.. Enumerable.Range(0, batch.Count).Select(index => WireUnit.Of(WireUnitKind.Message, batch[index]))],
        "Only the payloads are shown; a header with the event's id stands in front of each."));

    public async Task<TestReport> TestAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        var log = new StageLog(time);
        var opened = await NatsSession.OpenAsync(connector, settings, log, time, cancellationToken);
        if (!opened.TryGet(out var ofTest, out _))
        {
            return log.ToReport(default, default);
        }

        await using (ofTest)
        {
            if ((await ofTest.SendAsync(batch, own.Subject, cancellationToken)).Fault is { } fault)
            {
                log.Failed(TestStageName.Acceptance, fault);
            }
            else
            {
                log.Passed(TestStageName.Acceptance, $"a stream stored the test event under '{own.Subject}'");
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

    private async Task<SettledBatch> SendOnceAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        if (session is null)
        {
            var opened = await NatsSession.OpenAsync(connector, settings, null, time, cancellationToken);
            if (!opened.TryGet(out session, out var fault))
            {
                return new SettledBatch([], [.. Enumerable.Range(0, batch.Count)], fault);
            }
        }

        var usable = false;
        try
        {
            var result = await session.SendAsync(batch, own.Subject, cancellationToken);
            usable = session.IsUsable;
            return result;
        }
        finally
        {
            if (!usable)
            {
                await session.DisposeAsync();
                session = null;
            }
        }
    }
}

/// <summary>Settings specific to NATS.</summary>
internal sealed record NatsSettings(string Subject, IReadOnlyList<SettingFault> Faults)
{
    public static DestinationField[] Fields { get; } =
    [
        new("settings.subject", DestinationFieldType.Text, "Subject of all messages; a stream of JetStream must store it.") { Required = true },
    ];

    public static NatsSettings Read(SettingReader reader)
    {
        var subject = reader.Required("subject", "Set a subject, such as keycloak.events.");
        // Tokens between dots, and no wildcards: https://docs.nats.io/nats-concepts/subjects.
        if (subject.Length > 0 && (subject.Length > 255 || subject.Split('.').Any(token => token.Length == 0 || !token.All(IsOfToken))))
        {
            reader.Fault("subject", "Must be words of ASCII between dots, without blanks and wildcards, at most 255 characters.");
        }

        return new NatsSettings(subject, reader.Faults);
    }

    private static bool IsOfToken(char character) => character is > ' ' and <= '~' and not ('*' or '>');

    /// <summary>What is wrong with a URL; null if it is valid.</summary>
    public static string? CheckUrl(Uri url) =>
        url.Host.Length == 0 || url.AbsolutePath.Length > 1 || url.Query.Length > 0 || url.Fragment.Length > 0
            ? "Must name a server and nothing else: natss://nats.example.com; the subject goes into settings.subject."
            : null;
}
