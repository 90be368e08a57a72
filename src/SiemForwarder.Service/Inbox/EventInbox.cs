using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Options;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Inbox;

/// <summary>Accepts pushed events: authenticates the request, reads it within its limits, and responds after the commit.</summary>
internal sealed class EventInbox(EventLogWriter log, InboxMemoryBudget room, IOptions<InboxOptions> options, ForwarderTelemetry telemetry, TimeProvider time)
{
    // Rejected senders must not be able to fill the log file.
    private static readonly TimeSpan FaultLogInterval = TimeSpan.FromSeconds(10);

    // What nearly every sender says.
    private const string Json = "application/json";

    private readonly ConcurrentDictionary<int, long> faultsLoggedAt = new();
    private readonly ConcurrentDictionary<int, CommitQueue> queues = new();
    private readonly ConcurrentDictionary<int, InboxStatus> statuses = new();

    /// <summary>What the inbox of a source has accepted since this process started.</summary>
    public InboxStatus StatusOf(int sourceId) => statuses.GetValueOrDefault(sourceId, InboxStatus.Unused);

    /// <summary>Processes a request; returns the result for its events, or why it was rejected as a whole.</summary>
    /// <param name="inbox">Settings of the source.</param>
    /// <param name="request">The request.</param>
    /// <param name="isKnown">Whether the sender is already authorized to push here; otherwise it needs the credentials of the inbox.</param>
    /// <param name="cancellationToken">Cancels waiting for the body.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<(PushResponse? Response, PushRefusal? Refusal)> TakeAsync(
        InboxSettings inbox, HttpRequest request, bool isKnown, CancellationToken cancellationToken)
    {
        var (response, refusal) = await TakeUncountedAsync(inbox, request, isKnown, cancellationToken);
        Count(inbox, response, refusal);
        return (response, refusal);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<(PushResponse? Response, PushRefusal? Refusal)> TakeUncountedAsync(
        InboxSettings inbox, HttpRequest request, bool isKnown, CancellationToken cancellationToken)
    {
        if (!isKnown && InboxCredentials.RefuseHeaders(inbox, request.Headers, time.GetUtcNow()) is { } unknown)
        {
            return (null, PushRefusal.Unauthorized(unknown));
        }

        var isUsual = request.ContentType == Json;
        if ((isUsual ? false : PushedBatch.IsLines(request.ContentType)) is not { } isLines)
        {
            return (null, PushRefusal.Unsupported("Send application/json (one object or an array) or application/x-ndjson (one object per line)."));
        }

        if (!isUsual && !PushedBatch.IsUtf8(request.ContentType))
        {
            return (null, PushRefusal.Unsupported("The inbox accepts only UTF-8: encode the body in UTF-8, with charset=utf-8 or no charset."));
        }

        var encoding = request.Headers.ContentEncoding.ToString();
        if (encoding is not ("" or "identity" or "gzip"))
        {
            return (null, PushRefusal.Unsupported("The only content encoding that the inbox accepts is gzip."));
        }

        using var share = room.Open(inbox.SourceId, isProven: isKnown || inbox.Authentication == InboxAuthentication.Key);
        using var sent = new InboxBody(share);
        using var unzipped = encoding == "gzip" ? new InboxBody(share) : null;
        var refusal = await ReceiveAsync(inbox, request, sent, share, cancellationToken);
        if (refusal is null && unzipped is not null)
        {
            refusal = await sent.UnzipAsync(unzipped, options.Value.MaxRequestBytes, cancellationToken);
        }

        return refusal is null ? await StoreAsync(inbox, unzipped ?? sent, isLines) : (null, refusal);
    }

    /// <summary>Reads the body and checks its signature, if any; null on success.</summary>
    private async ValueTask<PushRefusal?> ReceiveAsync(
        InboxSettings inbox, HttpRequest request, InboxBody body, InboxShare share, CancellationToken cancellationToken)
    {
        // Who is known already has no deadline and is never evicted.
        using var deadline = share.IsProven ? null : new CancellationTokenSource(options.Value.SignedBodyTimeout, time);
        using var bound = deadline is null ? null : CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token, share.Evicted);
        try
        {
            if (await body.FillAsync(request.Body, request.ContentLength ?? 0, options.Value.MaxRequestBytes, bound?.Token ?? cancellationToken) is { } refusal)
            {
                return refusal;
            }
        }
        catch (OperationCanceledException) when (share.IsEvicted)
        {
            return PushRefusal.Full;
        }
        catch (OperationCanceledException) when (deadline?.IsCancellationRequested == true && !cancellationToken.IsCancellationRequested)
        {
            return PushRefusal.Slow($"The body of a signed request must arrive within {options.Value.SignedBodyTimeout.TotalSeconds:0} s; send fewer events.");
        }
        catch (BadHttpRequestException exception) when (exception.StatusCode == StatusCodes.Status408RequestTimeout)
        {
            return PushRefusal.Slow($"The body arrives too slowly; send at least {options.Value.MinBodyBytesPerSecond} bytes per second.");
        }

        return share.IsProven ? null
            : InboxCredentials.RefuseSignature(inbox, request.Headers, body.Bytes.Span, time.GetUtcNow()) is { } unsigned ? PushRefusal.Unauthorized(unsigned)
            : share.Prove() ? null
            : PushRefusal.Full;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<(PushResponse? Response, PushRefusal? Refusal)> StoreAsync(InboxSettings inbox, InboxBody body, bool isLines)
    {
        var (batch, refusal) = PushedBatch.Read(body.Bytes, isLines, inbox, options.Value, time.GetUtcNow().ToUnixTimeMilliseconds());
        if (batch is null || batch.Events.Count == 0)
        {
            return (batch is null ? null : new PushResponse(0, 0, batch.Rejected), refusal);
        }

        var queue = queues.TryGetValue(inbox.SourceId, out var known)
            ? known : queues.GetOrAdd(inbox.SourceId, id => new CommitQueue(id, log, options.Value.CommitTimeout, time));
        var began = time.GetTimestamp();
        var commit = await queue.CommitAsync(batch.Events);
        telemetry.PushCommitted(inbox.SourceName, commit.Fault is null, time.GetElapsedTime(began));
        return commit.IsGone ? (null, PushRefusal.Absent(inbox.SourceId))
            : commit.Fault is null ? (new PushResponse(commit.Stored, batch.Events.Count - commit.Stored, batch.Rejected), null)
            : (null, PushRefusal.Unavailable(commit.Fault));
    }

    private bool IsFaultToLog(int sourceId)
    {
        var now = time.GetTimestamp();
        return faultsLoggedAt.TryGetValue(sourceId, out var before)
            ? time.GetElapsedTime(before) >= FaultLogInterval && faultsLoggedAt.TryUpdate(sourceId, now, before)
            : faultsLoggedAt.TryAdd(sourceId, now);
    }

    private void Count(InboxSettings inbox, PushResponse? response, PushRefusal? refusal)
    {
        var now = time.GetUtcNow();
        var fault = refusal is null
            ? (response!.Rejected.Count > 0 ? response.Rejected[0].Reason : null)
            : $"{refusal.Status} {refusal.Title}: {refusal.Detail}";
        telemetry.RequestPushed(inbox.SourceName, response?.Accepted ?? 0, response?.Duplicates ?? 0, response?.Rejected.Count
            ?? 0, fault is not null && IsFaultToLog(inbox.SourceId) ? fault : null);
        InboxStatus known;
        do
        {
            known = statuses.GetOrAdd(inbox.SourceId, InboxStatus.Unused);
        }
        while (!statuses.TryUpdate(inbox.SourceId, Add(known), known));

        InboxStatus Add(InboxStatus status) => status with
        {
            Accepted = status.Accepted + (response?.Accepted ?? 0),
            Duplicates = status.Duplicates + (response?.Duplicates ?? 0),
            Rejected = status.Rejected + (response?.Rejected.Count ?? 0),
            Refused = status.Refused + (refusal is null ? 0 : 1),
            LastAcceptedAt = response is { Accepted: > 0 } ? now : status.LastAcceptedAt,
            LastFault = fault ?? status.LastFault,
            LastFaultAt = fault is null ? status.LastFaultAt : now,
        };
    }
}
