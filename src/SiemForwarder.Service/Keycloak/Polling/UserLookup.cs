using System.Text.Json;
using SiemForwarder.Connections;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Keycloak.Client;

namespace SiemForwarder.Service.Keycloak.Polling;

/// <summary>Looks up the names of users that admin events identify only by id, if the service account may view users.</summary>
/// <remarks>
/// Only users of the polled realm can be looked up: an administrator of another realm (<c>master</c>) remains an id. Names are optional: no event waits
/// for one longer than <see cref="MaxTimePerPage"/>, and a failed lookup does not fail the poll.
/// </remarks>
internal sealed class UserLookup(KeycloakSource source, KeycloakClient client, TimeProvider time)
{
    /// <summary>Maximum number of requests per page of events.</summary>
    public const int MaxPerPage = 50;

    private const int MaxKnown = 10_000;

    /// <summary>Maximum time that a page waits for names.</summary>
    public static readonly TimeSpan MaxTimePerPage = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan NameAge = TimeSpan.FromHours(1);
    private static readonly TimeSpan NobodyAge = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan RefusedPause = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan FailedPause = TimeSpan.FromMinutes(1);
    private readonly Dictionary<string, (string? Name, long AskedAt)> known = [];
    private (long From, TimeSpan Length) pause;

    /// <summary>The names of the users that the events identify only by id, as far as available now. Throws only on cancellation.</summary>
    public async Task<UserNames?> FindAsync(IReadOnlyList<IncomingEvent> events, CancellationToken cancellationToken)
    {
        if (known.Count == 0 && !MayAsk())
        {
            // The usual case without the role: avoids parsing the events for nothing.
            return null;
        }

        UserNames? names = null;
        var asked = 0;
        using var bound = new TimeBound(MaxTimePerPage, time, cancellationToken);
        foreach (var incoming in events)
        {
            foreach (var (realmId, userId) in UserNames.FindUnnamed(incoming.Body.Span))
            {
                if (!IsFresh(userId) && asked < MaxPerPage && MayAsk() && !bound.IsOver)
                {
                    asked++;
                    await AskAsync(userId, bound, cancellationToken);
                }

                if (known.GetValueOrDefault(userId).Name is { } name)
                {
                    (names ??= new UserNames()).Add(realmId, userId, name);
                }
            }
        }

        return names;
    }

    private bool IsFresh(string userId) =>
        known.TryGetValue(userId, out var entry) && time.GetElapsedTime(entry.AskedAt) < (entry.Name is null ? NobodyAge : NameAge);

    // A token that shows its roles decides without a request; one that shows none has to be tried.
    private bool MayAsk() =>
        (pause.Length == TimeSpan.Zero || time.GetElapsedTime(pause.From) >= pause.Length)
        && (client.Token.Claims is not { } claims || !claims.MayReadEvents(source.Realm) || claims.MayViewUsers(source.Realm));

    private async Task AskAsync(string userId, TimeBound bound, CancellationToken cancellationToken)
    {
        try
        {
            switch (await client.GetUserAsync(userId, bound.Token))
            {
                case KeycloakAnswer.Content content:
                    using (content.Body)
                    {
                        Remember(userId, NameOf(content.Body.Bytes.Span));
                    }

                    break;
                case KeycloakAnswer.Failed { Status: 404 }:
                    Remember(userId, null);
                    break;
                case KeycloakAnswer.Failed failed:
                    pause = (time.GetTimestamp(), failed.Status == 403 ? RefusedPause : FailedPause);
                    break;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            pause = (time.GetTimestamp(), FailedPause);
        }
    }

    private void Remember(string userId, string? name)
    {
        if (known.Count >= MaxKnown)
        {
            known.Clear();
        }

        known[userId] = (name, time.GetTimestamp());
    }

    private static string? NameOf(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            while (reader.Read())
            {
                if (reader is { TokenType: JsonTokenType.PropertyName, CurrentDepth: 1 } && reader.ValueTextEquals("username"u8))
                {
                    return reader.Read() && reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
                }
            }
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // Anything that is not a user has no name.
            return null;
        }

        return null;
    }
}
