using Npgsql;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.Service.Integrations;

/// <summary>Where an integration begins to read the sources that a change adds to it: with what is stored from then on, unless said otherwise.</summary>
internal static class AddedSources
{
    private static readonly Dictionary<string, bool> Starts = new() { ["now"] = false, ["everything"] = true };

    /// <summary>Whether what is stored already is wanted too.</summary>
    public static bool WantsEverything(string? start, FieldErrors errors) => errors.Choose("startOfNewSources", start, false, Starts);

    /// <summary>Sets the checkpoints of added sources, in the transaction of the change.</summary>
    /// <param name="connection">Connection of that transaction.</param>
    /// <param name="integrationId">The integration.</param>
    /// <param name="before">Sources before the change; empty for all.</param>
    /// <param name="after">Sources after it; empty for all.</param>
    /// <param name="everything">Whether stored events are wanted: from where it stopped, else from the oldest.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public static async Task StartAsync(
        NpgsqlConnection connection, int integrationId, IReadOnlyList<int> before, IReadOnlyList<int> after, bool everything,
        CancellationToken cancellationToken)
    {
        // Whoever took all sources gains none.
        if (before.Count == 0 || (after.Count > 0 && !after.Except(before).Any()))
        {
            return;
        }

        await ReaderStarts.BeginAddedAsync(connection, integrationId, before, after, everything, cancellationToken);
    }
}
