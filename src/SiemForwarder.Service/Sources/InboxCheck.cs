using SiemForwarder.Connections;
using SiemForwarder.Service.Inbox;
using SiemForwarder.Service.Keycloak.Checks;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Sources;

/// <summary>Checks an inbox: whether it is open, where and with which credentials to push, and what it has received so far.</summary>
internal static class InboxCheck
{
    private static readonly TimeSpan Recent = TimeSpan.FromHours(1);

    /// <summary>The items of the report.</summary>
    /// <param name="source">The source as stored.</param>
    /// <param name="inbox">Its inbox; null if it has none.</param>
    /// <param name="secrets">Its secrets, those that cannot be read as well.</param>
    /// <param name="status">What this process has accepted.</param>
    /// <param name="lastStoredAt">When an event of the source was last stored.</param>
    /// <param name="url">Where to push.</param>
    public static IReadOnlyList<SourceCheckItem> Run(
        Source source, InboxSettings? inbox, IReadOnlyDictionary<string, Secret> secrets, InboxStatus status, DateTimeOffset? lastStoredAt, string url)
    {
        if (inbox is null)
        {
            return [];
        }

        return
        [
            source.Enabled
                ? new("inbox", SourceCheckResult.Ok, $"Open at {url}.")
                : new("inbox", SourceCheckResult.Failed, "The source is disabled, so pushes are rejected with 409.", "Enable the source."),
            inbox.Keys.Count switch
            {
                0 when secrets.GetValueOrDefault(SourceDefinition.InboxKey)?.Unread is { } unread => new(
                    "inbox keys", SourceCheckResult.Failed, $"No one can push: {unread}", "Put the key there, or set inbox.key anew."),
                0 => new("inbox keys", SourceCheckResult.Failed, "No key is set, so no one can push.", "Set inbox.key."),
                1 => new("inbox keys", SourceCheckResult.Ok, $"One key. {Proof(inbox)}"),
                _ => new("inbox keys", SourceCheckResult.Warning, $"Two keys are valid. {Proof(inbox)}",
                    "Once every sender has the new key, set it as inbox.key and clear inbox.secondKey."),
            },
            lastStoredAt is { } at
                ? new("pushed events", SourceCheckResult.Ok,
                    $"The last event was stored at {UtcText.Second(at)} UTC; this process accepted {CountText.Of(status.Accepted, "event")} "
                        + $"and recognized {CountText.Of(status.Duplicates, "duplicate")}.")
                : new("pushed events", SourceCheckResult.Warning, "Nothing has been stored yet.", $"Push a first event: {Example(inbox, url)}"),
            Faults(status),
        ];
    }

    private static SourceCheckItem Faults(InboxStatus status) => status is { LastFault: { } fault, LastFaultAt: { } at }
        ? new(
            "refused pushes", status.LastAcceptedAt > at + Recent ? SourceCheckResult.Ok : SourceCheckResult.Warning,
            $"Rejected since this process started: {CountText.Of(status.Refused, "request")} and "
                + $"{CountText.Of(status.Rejected, "event")}, the last at {UtcText.Second(at)} UTC: {fault}",
            "Fix the sender; rejected events are not stored.")
        : new("refused pushes", SourceCheckResult.Ok, "None since this process started.");

    private static string Proof(InboxSettings inbox) => inbox.Authentication switch
    {
        InboxAuthentication.Key => $"Senders put it in {inbox.Header}, or in Authorization as Bearer or as the password of Basic.",
        InboxAuthentication.StandardWebhooks => $"Senders sign with Standard Webhooks; the timestamp may be {inbox.Tolerance.TotalSeconds:0} s off.",
        _ => $"Senders sign the body: {inbox.Header} contains the HMAC-SHA-256{(inbox.AllowSha1 ? " or HMAC-SHA-1" : "")} in hexadecimal.",
    };

    private static string Example(InboxSettings inbox, string url) => inbox.Authentication == InboxAuthentication.Key
        ? $"""curl -X POST {url} -H '{inbox.Header}: <key>' -H 'Content-Type: application/json' -d '{"{"}"event_type":"test.hello","event_id":"1"{"}"}'"""
        : "docs/inbox.md shows how to sign a request with openssl and curl.";
}
