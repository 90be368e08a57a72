using System.Globalization;
using Npgsql;
using SiemForwarder.Service.Api;

namespace SiemForwarder.Service.Integrations;

/// <summary>The history requested for a new integration: stored events from an instant on; null for all of them.</summary>
/// <remarks>History is sent in a separate lane, so that it never delays live events; the order of events is kept within each lane.</remarks>
internal sealed record StartOfBackfill(DateTimeOffset? From)
{
    /// <summary>Reads <c>now</c> (null), <c>everything</c> or an instant.</summary>
    public static StartOfBackfill? Parse(string? start, FieldErrors errors)
    {
        if (start is null || string.Equals(start, "now", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        if (string.Equals(start, "everything", StringComparison.OrdinalIgnoreCase))
        {
            return new StartOfBackfill((DateTimeOffset?)null);
        }

        if (DateTimeOffset.TryParse(start, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant))
        {
            return new StartOfBackfill(instant.ToUniversalTime());
        }

        errors.Add("start", "Must be now, everything, or an instant such as 2026-01-31T00:00:00Z.");
        return null;
    }
}

/// <summary>Accepts requests for the history of new integrations.</summary>
internal interface IBackfillOrders
{
    /// <summary>Requests the history up to the live checkpoints of a new integration, in the transaction that stores it.</summary>
    Task OrderAsync(NpgsqlConnection connection, int integrationId, DateTimeOffset? from, DateTimeOffset now, CancellationToken cancellationToken);
}
