using System.Text.Json.Nodes;
using SiemForwarder.Connections;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Access.Keys;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Audit;

/// <summary>Records callers with wrong credentials or insufficient roles: a few records per address and minute, then only a count.</summary>
/// <remarks>A refusal that cannot be recorded is still sent; it is counted, and the count is written later.</remarks>
internal sealed class RefusalRecorder(AuditTable table, RefusalBound refusals, ForwarderTelemetry telemetry, TimeProvider time)
{
    private const string Action = "access.refused";
    private const int MaxPathLength = 200;

    // Refused callers do not wait long for an unavailable database.
    private static readonly TimeSpan WriteBound = TimeSpan.FromSeconds(2);

    /// <summary>Inspects the response to a request before it is sent.</summary>
    public void Watch(HttpContext context) => context.Response.OnStarting(
        static state =>
        {
            var (recorder, context) = ((RefusalRecorder, HttpContext))state;
            return recorder.NoteAsync(context);
        },
        (this, context));

    /// <summary>The address of a request as text.</summary>
    public static string AddressOf(HttpContext context) => context.Connection.RemoteIpAddress switch
    {
        null => "",
        { IsIPv4MappedToIPv6: true } address => address.MapToIPv4().ToString(),
        var address => address.ToString(),
    };

    /// <summary>Writes the counts of refusals that have no row of their own.</summary>
    /// <param name="all">Whether to include minutes that have not ended.</param>
    /// <param name="cancellationToken">Cancels writing.</param>
    /// <exception cref="Npgsql.NpgsqlException">The database is unavailable.</exception>
    public async Task WriteHeldAsync(bool all, CancellationToken cancellationToken)
    {
        foreach (var held in refusals.TakeHeld(all))
        {
            var detail = new JsonObject { ["count"] = held.Count, ["since"] = held.Since.ToString("O") };
            try
            {
                await table.AppendAsync(
                    new AuditEntry(AuditKind.Access, "", "", held.Address, Action, "", "", AuditOutcome.Refused, 0, Detail: detail.ToJsonString()), null,
                    cancellationToken);
            }
            catch
            {
                refusals.GiveBack(held);
                throw;
            }
        }
    }

    private Task NoteAsync(HttpContext context)
    {
        var refusal = context.Features.Get<AccessRefusal>();
        var isInbox = context.GetEndpoint()?.Metadata.GetMetadata<OwnCredentials>() is not null;
        return context.Response.StatusCode switch
        {
            StatusCodes.Status403Forbidden => WriteAsync(context, null, isInbox),
            StatusCodes.Status401Unauthorized when refusal is not null || isInbox => WriteAsync(context, refusal, isInbox),
            StatusCodes.Status429TooManyRequests when refusal is not null => WriteAsync(context, refusal, isInbox),
            _ => Task.CompletedTask,
        };
    }

    private async Task WriteAsync(HttpContext context, AccessRefusal? refusal, bool isInbox)
    {
        var address = AddressOf(context);
        var key = GuessingGuard.Name(context.Connection.RemoteIpAddress);
        if (!refusals.Take(key, address))
        {
            return;
        }

        var caller = Caller.Of(context.User);
        var entry = new AuditEntry(
            AuditKind.Access, caller?.Name ?? "", caller?.Credential ?? CredentialOf(context.Request, isInbox), address, Action,
            OneLine.Of($"{context.Request.Method} {context.Request.Path.Value}", MaxPathLength), "", AuditOutcome.Refused, context.Response.StatusCode,
            Detail: refusal is null ? null : new JsonObject { ["reason"] = refusal.Detail }.ToJsonString());
        using var bound = new CancellationTokenSource(WriteBound, time);
        try
        {
            await table.AppendAsync(entry, null, bound.Token);
        }
        catch (Exception exception) when (DatabaseFault.IsDatabase(exception) || exception is OperationCanceledException)
        {
            telemetry.DatabaseUnavailable(exception);
            refusals.Hold(key, address);
        }
    }

    // Only what cannot be a secret: the id or kind of a key.
    private static string CredentialOf(HttpRequest request, bool isInbox) => ApiKeyText.Given(request) switch
    {
        null => isInbox ? "inbox" : request.Headers.Cookie.Count > 0 ? "session" : "",
        var given when ApiKeyText.TryRead(given, out var id, out _) && id.All(char.IsAsciiHexDigitLower) => $"key {id}",
        ['e', 'y', 'J', ..] => "token",
        _ => isInbox ? "inbox" : "key",
    };
}

/// <summary>Refusals that have no row of their own.</summary>
/// <param name="Key">Address or network under which they are counted.</param>
/// <param name="Address">The last refused address.</param>
internal sealed record HeldRefusals(string Key, string Address, DateTimeOffset Since, long Count);

/// <summary>Decides which refusals get their own row, so that guessing does not fill the trail; the rest are counted.</summary>
internal sealed class RefusalBound(TimeProvider time)
{
    public const int RowsPerAddress = 3;
    public const int RowsPerMinute = 60;

    /// <summary>Maximum number of addresses counted separately; further ones are counted together.</summary>
    public const int MaxAddresses = 1000;

    private const string Others = "";
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock gate = new();
    private readonly Dictionary<string, Count> counts = [];
    private DateTimeOffset minute;
    private int rowsOfMinute;

    /// <summary>Whether a refusal gets a row; otherwise it is counted.</summary>
    /// <param name="key">Address or network.</param>
    /// <param name="address">The address to show.</param>
    public bool Take(string key, string address)
    {
        lock (gate)
        {
            var now = time.GetUtcNow();
            if (now - minute >= Window)
            {
                (minute, rowsOfMinute) = (now, 0);
            }

            var count = CountOf(key, address, now);
            if (count.Rows >= RowsPerAddress || rowsOfMinute >= RowsPerMinute || count.IsOthers)
            {
                count.Held++;
                return false;
            }

            count.Rows++;
            rowsOfMinute++;
            return true;
        }
    }

    /// <summary>Counts a refusal whose row could not be written.</summary>
    public void Hold(string key, string address)
    {
        lock (gate)
        {
            CountOf(key, address, time.GetUtcNow()).Held++;
        }
    }

    /// <summary>Takes the counts of minutes that have ended.</summary>
    /// <param name="all">Whether to include minutes that have not ended.</param>
    public IReadOnlyList<HeldRefusals> TakeHeld(bool all)
    {
        lock (gate)
        {
            var now = time.GetUtcNow();
            var ended = counts.Where(pair => all || now - pair.Value.Since >= Window).ToList();
            foreach (var (key, _) in ended)
            {
                counts.Remove(key);
            }

            return [.. ended.Where(pair => pair.Value.Held > 0)
                .Select(pair => new HeldRefusals(pair.Key, pair.Value.Address, pair.Value.Since, pair.Value.Held))];
        }
    }

    /// <summary>Adds back counts that were taken but could not be written.</summary>
    public void GiveBack(HeldRefusals held)
    {
        lock (gate)
        {
            CountOf(held.Key, held.Address, held.Since).Held += held.Count;
        }
    }

    private Count CountOf(string key, string address, DateTimeOffset now)
    {
        var isOthers = !counts.ContainsKey(key) && counts.Count >= MaxAddresses;
        (key, address) = isOthers ? (Others, "many addresses") : (key, address);
        if (!counts.TryGetValue(key, out var count))
        {
            counts.Add(key, count = new Count { Since = now, IsOthers = isOthers });
        }

        // A new minute allows new rows; pending counts are written by then or keep growing.
        if (now - count.Since >= Window && count.Held == 0)
        {
            (count.Since, count.Rows) = (now, 0);
        }

        count.Address = address;
        return count;
    }

    private sealed class Count
    {
        public required DateTimeOffset Since { get; set; }

        public required bool IsOthers { get; init; }

        public string Address { get; set; } = "";

        public int Rows { get; set; }

        public long Held { get; set; }
    }
}
