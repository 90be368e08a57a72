using SiemForwarder.Events;
using SiemForwarder.Service.Keycloak.Client;

namespace SiemForwarder.Service.Keycloak.Checks;

/// <summary>Checks a Keycloak source the way polling uses it, and says in terms of the admin console what to change.</summary>
internal static class KeycloakSourceCheck
{
    // A person is waiting: a silent port is reported within ten seconds.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(8);

    /// <summary>Checks the source; throws only on cancellation. Each run requests one token, which Keycloak records as a CLIENT_LOGIN event.</summary>
    /// <param name="source">Source to check; need not be stored.</param>
    /// <param name="recommendedTypes">Login event types that a SIEM needs; those the server does not know are skipped.</param>
    /// <param name="time">Clock.</param>
    /// <param name="cancellationToken">Ends the check.</param>
    public static async Task<SourceCheckReport> RunAsync(
        KeycloakSource source, IReadOnlyCollection<string> recommendedTypes, TimeProvider time, CancellationToken cancellationToken)
    {
        using var client = new KeycloakClient(source, time, Limit);
        var items = new List<SourceCheckItem>();
        if (await ReachAsync(source, client, items, cancellationToken))
        {
            await new EventsConfigCheck(source, client, items).RunAsync(recommendedTypes, cancellationToken);
            items.Add(Clock(client));
        }

        foreach (var name in SourceCheckName.All.Where(name => items.TrueForAll(item => item.Name != name)))
        {
            items.Add(new SourceCheckItem(name, SourceCheckResult.Skipped, "Not checked, because an earlier step failed."));
        }

        return new SourceCheckReport([.. items.OrderBy(item => SourceCheckName.All.ToList().IndexOf(item.Name))]);
    }

    private static async Task<bool> ReachAsync(KeycloakSource source, KeycloakClient client, List<SourceCheckItem> items, CancellationToken cancellationToken)
    {
        var (root, unreachable) = await client.FindRootAsync(cancellationToken);
        if (root is null)
        {
            items.Add(Failed(SourceCheckName.Server, unreachable!));
            return false;
        }

        items.Add(new SourceCheckItem(SourceCheckName.Server, SourceCheckResult.Ok, $"Keycloak answers at {root}, realm '{source.Realm}' exists."));
        var (token, refused) = await client.Token.GetAsync(cancellationToken);
        if (token is null)
        {
            items.Add(Failed(SourceCheckName.Token, refused!));
            return false;
        }

        items.Add(new SourceCheckItem(SourceCheckName.Token, SourceCheckResult.Ok, $"Client '{source.ClientId}' gets an access token."));
        var stream = source.Streams.Count > 0 ? source.Streams[0] : EventStream.User;
        var answer = await client.GetEventsAsync(new EventQuery(stream, 1), KeycloakClient.MaxPageBytes, cancellationToken);
        items.Add(Role(source, client, answer));
        if (items[^1].Result == SourceCheckResult.Failed)
        {
            return false;
        }

        var (tier, unclear) = await TierProbe.RunAsync(client, source, stream, cancellationToken);
        items.Add(tier switch
        {
            ApiTier.WithIds => new SourceCheckItem(SourceCheckName.Api, SourceCheckResult.Ok, "Keycloak 26.2 or newer: events have ids."),
            ApiTier.WithoutIds => new SourceCheckItem(
                SourceCheckName.Api,
                SourceCheckResult.Ok,
                "Keycloak before 26.2: events have no ids and are identified by their content.",
                "Nothing to do. As of 26.2 Keycloak gives each event an id; the source detects an upgrade automatically."),
            _ => Failed(SourceCheckName.Api, unclear!),
        });
        return tier is not null;
    }

    private static SourceCheckItem Role(KeycloakSource source, KeycloakClient client, KeycloakAnswer answer)
    {
        if (answer is KeycloakAnswer.Content json)
        {
            json.Body.Dispose();
            return new SourceCheckItem(SourceCheckName.Role, SourceCheckResult.Ok, "The service account may read events.");
        }

        var failed = (KeycloakAnswer.Failed)answer;
        if (failed.Status != 403)
        {
            // A single unreadable row causes a 400: the role is present then, and polling copes with the row.
            return failed.Failure.Suspect == PageSuspicion.UnreadableRow
                ? new SourceCheckItem(
                    SourceCheckName.Role, SourceCheckResult.Warning, failed.Failure.What, "Check Keycloak's server log for the event it cannot read.")
                : Failed(SourceCheckName.Role, failed.Failure);
        }

        var advice = client.Token.Claims is { } claims && claims.MayReadEvents(source.Realm)
            ? $"The role is in the token, but Keycloak denies access: check under Clients → {source.ClientId} → Service accounts roles that the role is still "
                + "assigned."
            : $"In the admin console: Clients → {source.ClientId} → Service accounts roles → Assign role → Filter by clients → view-events of "
                + $"realm-management. If it is assigned already: Clients → {source.ClientId} → Client scopes → {source.ClientId}-dedicated → Scope → "
                    + "switch on Full scope allowed.";
        return new SourceCheckItem(
            SourceCheckName.Role, SourceCheckResult.Failed, $"The access token of client '{source.ClientId}' lacks the role view-events (403).", advice);
    }

    private static SourceCheckItem Clock(KeycloakClient client) => client.Clock.Offset switch
    {
        null => new SourceCheckItem(SourceCheckName.Clock, SourceCheckResult.Skipped, "The access token does not show the server's time."),
        { } offset when offset.Duration() - client.Clock.Uncertainty > TimeSpan.FromSeconds(5) => new SourceCheckItem(
            SourceCheckName.Clock,
            SourceCheckResult.Warning,
            $"Keycloak's clock is {offset.Duration().TotalSeconds:0} s {(offset > TimeSpan.Zero ? "ahead of" : "behind")} this host's.",
            "Synchronize both hosts with a time server (NTP). Polling follows Keycloak's clock and loses nothing, but event times will not match "
                + "those of other logs."),
        _ => new SourceCheckItem(SourceCheckName.Clock, SourceCheckResult.Ok, "Keycloak's clock and this host's agree."),
    };

    private static SourceCheckItem Failed(string name, PollFailure failure) => new(name, SourceCheckResult.Failed, failure.What, failure.Advice);
}
