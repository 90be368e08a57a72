using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Http.Splunk;

/// <summary>The reply of an HTTP Event Collector.</summary>
/// <param name="Code">0 to 27.</param>
/// <param name="InvalidEvent">Index of the first bad event in the request, from 0; null if none is named.</param>
/// <param name="AckId">Id to query for indexer acknowledgement; null if the token does not use it.</param>
internal sealed record HecReply(int Code, int? InvalidEvent, long? AckId)
{
    // Incorrect index: this code numbers events from 1, unlike the others.
    private const int CountsFromOne = 7;

    /// <summary>Parses a response; false if it is not a collector's (an empty body, a proxy's page).</summary>
    public static bool TryRead(ReadOnlyMemory<byte> body, [NotNullWhen(true)] out HecReply? reply)
    {
        reply = null;
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("code", out var code) || !code.TryGetInt32(out var number))
            {
                return false;
            }

            reply = new HecReply(
                number,
                root.TryGetProperty("invalid-event-number", out var invalid) && invalid.TryGetInt32(out var place)
                    ? (number == CountsFromOne ? place - 1 : place)
                    : null,
                root.TryGetProperty("ackId", out var ack) && ack.TryGetInt64(out var id) ? id : null);
            return true;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return false;
        }
    }
}

/// <summary>The meaning of a reply code, and what to do.</summary>
internal sealed record HecReplyRule(int Code, HttpVerdict Verdict, ErrorCategory Category, string Meaning, string Advice)
{
    /// <summary>Whether the collector accepted the batch but asks for fewer events.</summary>
    public bool Slow { get; init; }
}

/// <summary>The table that maps reply codes of the HTTP Event Collector (Splunk: Troubleshoot HTTP Event Collector) to outcomes.</summary>
internal static class HecReplyTable
{
    private const string NewToken = "Set settings.token to a token that is enabled on this collector.";
    private const string Wait = "The batch is sent again; if this persists, check the indexers' queues and the collector's health.";
    private const string Slower = "The next batch waits a moment; if this persists, add indexers or narrow the filter.";
    private const string OwnBug = "Check the output type; the event is set aside.";

    private static readonly HecReplyRule[] Rules =
    [
        new(0, HttpVerdict.Delivered, ErrorCategory.Internal, "success", ""),
        Refused(1, ErrorCategory.Authentication, "the token is disabled", "Enable the token in Splunk, or set settings.token to another one."),
        Refused(2, ErrorCategory.Authentication, "a token is required", "Set settings.token."),
        Refused(3, ErrorCategory.Authentication, "the authorization header is malformed", "Set settings.token to just the token, and authentication to none."),
        Refused(4, ErrorCategory.Authentication, "the token is unknown", NewToken),
        new(5, HttpVerdict.Rejected, ErrorCategory.Rejected, "the request contained no data", OwnBug),
        new(6, HttpVerdict.Rejected, ErrorCategory.Rejected, "an event has an invalid format", OwnBug),
        Refused(7, ErrorCategory.Configuration, "the token may not write to this index", "Correct settings.index, or allow the index in the token."),
        new(8, HttpVerdict.Transient, ErrorCategory.ServerError, "an internal error", Wait),
        new(9, HttpVerdict.Transient, ErrorCategory.ServerError, "it is busy", Wait),
        Refused(10, ErrorCategory.Configuration, "the data channel is missing", "A proxy on the way removes X-Splunk-Request-Channel: correct that proxy."),
        Refused(11, ErrorCategory.Configuration, "the data channel is invalid", "Set settings.channel to a GUID, or omit it."),
        new(12, HttpVerdict.Rejected, ErrorCategory.Rejected, "an envelope has no event", OwnBug),
        new(13, HttpVerdict.Rejected, ErrorCategory.Rejected, "an event is blank", OwnBug),
        Refused(14, ErrorCategory.Configuration, "the token has no indexer acknowledgement",
            "Enable indexer acknowledgement for the token, or set settings.acknowledge to false."),
        new(15, HttpVerdict.Rejected, ErrorCategory.Rejected, "the indexed fields are invalid", OwnBug),
        Refused(16, ErrorCategory.Authentication, "tokens in the query are not allowed", "Remove the token from the server URL and set settings.token."),
        new(17, HttpVerdict.Delivered, ErrorCategory.Internal, "healthy", ""),
        new(18, HttpVerdict.Transient, ErrorCategory.ServerError, "its queues are full", Wait),
        new(19, HttpVerdict.Transient, ErrorCategory.ServerError, "its acknowledgement service is unavailable", Wait),
        new(20, HttpVerdict.Transient, ErrorCategory.ServerError, "its queues are full and its acknowledgement service is unavailable", Wait),
        Refused(21, ErrorCategory.Authentication, "the token is not valid", NewToken),
        Refused(22, ErrorCategory.Authentication, "the token is disabled", NewToken),
        new(23, HttpVerdict.Transient, ErrorCategory.ServerError, "it is shutting down", Wait),
        new(24, HttpVerdict.Delivered, ErrorCategory.Internal, "accepted; its queue is close to capacity", Slower) { Slow = true },
        new(25, HttpVerdict.Delivered, ErrorCategory.Internal, "accepted; its acknowledgements are close to capacity", Slower) { Slow = true },
        new(26, HttpVerdict.Transient, ErrorCategory.RateLimited, "its queue is at capacity", Wait),
        new(27, HttpVerdict.Transient, ErrorCategory.RateLimited, "its acknowledgement channel is at capacity", Wait),
    ];

    /// <summary>The rule for a code; null for undocumented codes, for which the HTTP status applies.</summary>
    public static HecReplyRule? Find(int code) => Array.Find(Rules, rule => rule.Code == code);

    private static HecReplyRule Refused(int code, ErrorCategory category, string meaning, string advice) =>
        new(code, HttpVerdict.Misconfigured, category, meaning, advice);
}
