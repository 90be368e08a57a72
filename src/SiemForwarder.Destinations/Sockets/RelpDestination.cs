using System.Security.Cryptography;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;

namespace SiemForwarder.Destinations.Sockets;

/// <summary>Syslog over RELP, rsyslog's protocol that acknowledges every message, over TCP or TLS.</summary>
/// <remarks>Messages acknowledged before a connection failed are not sent again; those in flight are.</remarks>
internal sealed class RelpDestination : IDestination
{
    // One round of the dispatcher: a problem that passes within seconds, such as a full queue, sets nothing aside.
    private const int MaxRefusals = 4;

    private readonly DestinationSettings settings;
    private readonly TimeProvider time;
    private readonly RelpSettings own;
    private readonly Connector connector;
    private readonly RefusalCount refusals = new(MaxRefusals);
    private RelpSession? session;

    private RelpDestination(DestinationSettings settings, TimeProvider time, RelpSettings own)
    {
        this.settings = settings;
        this.time = time;
        this.own = own;
        connector = new Connector(settings.Connection, settings.ServerUrl.Scheme == "tls", null, time);
    }

    public static DestinationKind Kind { get; } = new()
    {
        Id = "relp",
        Name = "RELP (rsyslog)",
        Description = "Sends syslog messages over RELP, which confirms each one, to rsyslog and other receivers that support it.",
        DefaultPorts = new Dictionary<string, int> { ["tcp"] = 2514, ["tls"] = 2514 },
        Acceptance = Acceptance.Acknowledged,
        CheckSettings = static settings => RelpSettings.Read(new SettingReader(settings)).Faults,
        Documentation = "src/SiemForwarder.Destinations/README.md#relp",
        Fields =
        [
            DestinationField.ServerUrl("tcp://host:2514 or tls://host:2514."),
            DestinationField.Port,
            .. RelpSettings.Fields,
            .. DestinationField.OfTls,
        ],
        Open = static (settings, time) => new RelpDestination(settings, time, RelpSettings.Read(new SettingReader(settings.Settings))),
    };

    public BatchLimits Limits { get; } = new(MaxEvents: 2000, MaxBytes: 1024 * 1024);

    public async Task<DeliveryOutcome> SendAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        if (own.Faults is [var wrong, ..])
        {
            return wrong.ToFault().ToOutcome(settings.IntegrationName);
        }

        var kept = session is not null;
        var result = await SendOnceAsync(batch, cancellationToken);
        if (kept && result is { Answered: 0, Fault.Category: ErrorCategory.Connection })
        {
            // A reused connection that the receiver had closed in the meantime says nothing about this batch.
            result = await SendOnceAsync(batch, cancellationToken);
        }

        return OutcomeOf(result, batch);
    }

    public Task<WireImage?> RenderAsync(DeliveryBatch batch, CancellationToken cancellationToken) => Task.FromResult<WireImage?>(new WireImage(
        [WireUnit.Of(WireUnitKind.Stream, RelpSession.FirstFrames(batch))], "The frame numbers increase during a session; its first ones are shown."));

    public async Task<TestReport> TestAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        var log = new StageLog(time);
        var opened = await connector.OpenAsync(log, cancellationToken);
        if (!opened.TryGet(out var connection, out _))
        {
            return log.ToReport(default, default);
        }

        await using var ofTest = new RelpSession(connection, settings, own.Window, time);
        var fault = await ofTest.OpenAsync(cancellationToken);
        if (fault is null)
        {
            log.Skipped(TestStageName.Authentication,
                connection.HasClientCertificate
                    ? "the receiver did not object to the client certificate"
                    : "RELP has no authentication, and no client certificate is used");
            var result = await ofTest.SendAsync(batch, cancellationToken);
            fault = result.Fault ?? (result.Refused is [var refused, ..] ? Refusal(refused.Answer) : null);
        }

        if (fault is null)
        {
            log.Passed(TestStageName.Acceptance, $"{connector.Endpoint} acknowledged the test event");
        }
        else
        {
            log.Failed(fault.Category == ErrorCategory.Tls ? TestStageName.Authentication : TestStageName.Acceptance, fault);
        }

        return log.ToReport(ofTest.LastFrame, ofTest.LastAnswer);
    }

    public async ValueTask DisposeAsync()
    {
        if (session is not null)
        {
            await session.DisposeAsync();
        }

        connector.Dispose();
    }

    private DeliveryOutcome OutcomeOf(RelpResult result, DeliveryBatch batch)
    {
        var (refused, retry) = (new List<RejectedEvent>(), new List<int>());
        foreach (var refusal in result.Refused)
        {
            if (refusals.IsFinal(batch[refusal.Index].Span))
            {
                refused.Add(new RejectedEvent(refusal.Index, Reason(refusal.Answer), refusal.Answer));
            }
            else
            {
                retry.Add(refusal.Index);
            }
        }

        Forget(result, batch);
        retry.AddRange(Enumerable.Range(result.Answered, batch.Count - result.Answered));
        if (retry.Count == 0 && refused.Count == 0)
        {
            return new DeliveryOutcome.Delivered($"{CountText.Of(result.Taken, "message")} acknowledged (200 OK)");
        }

        if (result.Taken > 0)
        {
            var what = result.Fault?.What ?? $"{connector.Endpoint} answered {result.Refused[0].Answer}.";
            return new DeliveryOutcome.Partial(refused, retry, $"{result.Taken} of {CountText.Of(batch.Count, "message")} acknowledged; {what}");
        }

        // If nothing was accepted, the receiver may be at fault rather than the messages: halving gives each its own chance.
        return refused.Count > 0
            ? new DeliveryOutcome.Rejected(refused[0].Reason, refused[0].Answer)
            : (result.Fault ?? Refusal(result.Refused[0].Answer)).ToOutcome(settings.IntegrationName);
    }

    private void Forget(RelpResult result, DeliveryBatch batch)
    {
        var refused = result.Refused.Select(refusal => refusal.Index).ToHashSet();
        for (var index = 0; index < result.Answered; index++)
        {
            if (!refused.Contains(index))
            {
                refusals.Forget(batch[index].Span);
            }
        }
    }

    private string Reason(string answer) =>
        $"Integration '{settings.IntegrationName}': {connector.Endpoint} answered {answer} {MaxRefusals} times. Check the receiver's log for what it "
            + "does not accept in this message.";

    private Fault Refusal(string answer) => new(
        ErrorCategory.Rejected, $"{connector.Endpoint} answered {answer}.", "It is sent again; check the receiver's log if this keeps happening.");

    private async Task<RelpResult> SendOnceAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        var complete = false;
        try
        {
            if (session is null)
            {
                var opened = await connector.OpenAsync(null, cancellationToken);
                if (!opened.TryGet(out var connection, out var unreachable))
                {
                    return new RelpResult { Fault = unreachable };
                }

                session = new RelpSession(connection, settings, own.Window, time);
                if (await session.OpenAsync(cancellationToken) is { } refused)
                {
                    return new RelpResult { Fault = refused };
                }
            }

            var result = await session.SendAsync(batch, cancellationToken);
            complete = result.Fault is null;
            return result;
        }
        finally
        {
            if (!complete && session is { } broken)
            {
                session = null;
                broken.Abort();
            }
        }
    }
}

/// <summary>Settings specific to RELP.</summary>
internal sealed record RelpSettings(int Window, IReadOnlyList<SettingFault> Faults)
{
    public static DestinationField[] Fields { get; } =
    [
        new("settings.window", DestinationFieldType.Number, "Maximum number of unacknowledged messages, 1 to 1000.") { Default = "128" },
    ];

    public static RelpSettings Read(SettingReader reader)
    {
        var window = reader.Number("window", 128, 1, 1000);
        return new RelpSettings(window, reader.Faults);
    }
}

/// <summary>Counts how often a receiver rejected the same message: a full queue is temporary, a message that it cannot process is not.</summary>
/// <param name="most">Number of rejections after which a message counts as permanently rejected.</param>
internal sealed class RefusalCount(int most)
{
    // A receiver that rejects everything is put on hold long before this many are known.
    private const int MaxKnown = 20_000;

    private readonly Dictionary<string, int> refusals = new(StringComparer.Ordinal);

    /// <summary>Records a rejection; returns whether the message is now permanently rejected.</summary>
    public bool IsFinal(ReadOnlySpan<byte> message)
    {
        if (refusals.Count >= MaxKnown)
        {
            refusals.Clear();
        }

        var key = Key(message);
        refusals[key] = Math.Min(most, refusals.GetValueOrDefault(key) + 1);
        return refusals[key] == most;
    }

    /// <summary>Removes a message that was accepted after all.</summary>
    public void Forget(ReadOnlySpan<byte> message)
    {
        if (refusals.Count > 0)
        {
            refusals.Remove(Key(message));
        }
    }

    private static string Key(ReadOnlySpan<byte> message) => Convert.ToHexString(SHA256.HashData(message));
}
