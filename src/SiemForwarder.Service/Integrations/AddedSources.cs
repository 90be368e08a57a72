using Npgsql;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.Service.Integrations;

/// <summary>Where an integration starts to read sources that a change adds: by default with events stored from then on.</summary>
internal static class AddedSources
{
    private static readonly Dictionary<string, bool> Starts = new() { ["now"] = false, ["everything"] = true };

    /// <summary>Whether already stored events are requested too.</summary>
    public static bool WantsEverything(string? start, FieldErrors errors) => errors.Choose("startOfNewSources", start, false, Starts);

    /// <summary>Sets the checkpoints of added sources, in the transaction of the change.</summary>
    /// <param name="connection">Connection of that transaction.</param>
    /// <param name="integrationId">The integration.</param>
    /// <param name="before">Sources before the change; empty for all.</param>
    /// <param name="after">Sources after it; empty for all.</param>
    /// <param name="everything">Whether to include stored events: from where it stopped, otherwise from the oldest.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    public static async Task StartAsync(
        NpgsqlConnection connection, int integrationId, IReadOnlyList<int> before, IReadOnlyList<int> after, bool everything,
        CancellationToken cancellationToken)
    {
        // An integration that already forwarded all sources gains none.
        if (before.Count == 0 || (after.Count > 0 && !after.Except(before).Any()))
        {
            return;
        }

        await ReaderStarts.BeginAddedAsync(connection, integrationId, before, after, everything, cancellationToken);
    }
}
