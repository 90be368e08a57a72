using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Http.Elastic;

/// <summary>Combines the results of a bulk request into one outcome.</summary>
internal static class ElasticBulkVerdict
{
    private const string RefusedAdvice = "Correct the mapping of that field in the index template, or choose another schema.";

    /// <param name="answer">The response to the request itself, a success.</param>
    /// <param name="items">Results, in the order of the batch.</param>
    /// <param name="target">Data stream or index, for messages.</param>
    /// <param name="integrationName">For messages.</param>
    /// <remarks>Sending the whole batch again creates no duplicates, so it may be repeated if one event reveals a wrong setting.</remarks>
    public static IntakeVerdict Of(HttpAnswer answer, IReadOnlyList<BulkItem> items, string target, string integrationName)
    {
        List<RejectedEvent> refused = [];
        List<int> retry = [];
        var (created, present, aside) = (0, 0, 0);
        for (var index = 0; index < items.Count; index++)
        {
            var item = items[index];
            switch (VerdictOf(item))
            {
                case HttpVerdict.Delivered:
                    created += item.Status == 409 ? 0 : 1;
                    present += item.Status == 409 ? 1 : 0;
                    aside += item.InFailureStore ? 1 : 0;
                    break;
                case HttpVerdict.Transient:
                    retry.Add(index);
                    break;
                case HttpVerdict.Rejected:
                    refused.Add(new RejectedEvent(
                        index, $"Integration '{integrationName}': {What(answer, item, target)} {RefusedAdvice}", InShort(answer, item)));
                    break;
                default:
                    return Misconfigured(answer, item, target, integrationName);
            }
        }

        var summary = $"HTTP {answer.Status}: {created} created, {present} already "
            + $"there{(aside > 0 ? $", {aside} of them in the failure store: correct the mapping" : "")}";
        if (refused.Count == 0 && retry.Count == 0)
        {
            return IntakeVerdict.Delivered(summary);
        }

        var first = items[refused.Count > 0 ? refused[0].Index : retry[0]];
        if (retry.Count == items.Count || refused.Count == items.Count)
        {
            return OfAll(answer, first, target, integrationName);
        }

        var outcome = new DeliveryOutcome.Partial(
            refused, retry, $"{summary}, {refused.Count} rejected, {retry.Count} to send again; {InShort(answer, first)}", answer.RetryAfter);
        return new IntakeVerdict(outcome, new Fault(ErrorCategory.Rejected, What(answer, first, target), RefusedAdvice));
    }

    // Nothing was accepted: the outcome itself says more than a list, and a destination that rejects everything gets noticed.
    private static IntakeVerdict OfAll(HttpAnswer answer, BulkItem item, string target, string integrationName)
    {
        var transient = VerdictOf(item) == HttpVerdict.Transient;
        return IntakeVerdict.Of(
            answer, integrationName, transient ? HttpVerdict.Transient : HttpVerdict.Rejected,
            !transient ? ErrorCategory.Rejected : item.Status == 429 ? ErrorCategory.RateLimited : ErrorCategory.ServerError,
            What(answer, item, target),
            transient ? "The events are sent again; if this persists, check the cluster's load and free disk space." : RefusedAdvice);
    }

    private static IntakeVerdict Misconfigured(HttpAnswer answer, BulkItem item, string target, string integrationName) => IntakeVerdict.Of(
        answer, integrationName, HttpVerdict.Misconfigured,
        item.Status switch
        {
            401 => ErrorCategory.Authentication,
            403 => ErrorCategory.Authorization,
            _ => ErrorCategory.Configuration,
        },
        What(answer, item, target),
        item.Status switch
        {
            403 => $"Give the key or role the privileges create_doc and auto_configure on '{target}'.",
            404 => $"Create an index template with a data stream that fits '{target}', or correct settings.dataStream or settings.index.",
            _ => "Correct the credentials or settings.",
        });

    private static HttpVerdict VerdictOf(BulkItem item) => item.Status switch
    {
        // 409: this id already exists, so an earlier attempt had arrived.
        (>= 200 and < 300) or 409 => HttpVerdict.Delivered,
        429 or >= 500 => HttpVerdict.Transient,
        403 when item.ErrorType == "cluster_block_exception" => HttpVerdict.Transient,
        401 or 403 or 404 => HttpVerdict.Misconfigured,
        _ => HttpVerdict.Rejected,
    };

    private static string What(HttpAnswer answer, BulkItem item, string target) => $"{answer.Endpoint} answered {InShort(answer, item)} for '{target}'.";

    private static string InShort(HttpAnswer answer, BulkItem item) =>
        OneLine.Of(answer.Hide($"{item.Status.ToString(CultureInfo.InvariantCulture)} {item.ErrorType} {item.Reason}".TrimEnd('.', ' ')));
}

/// <summary>The bulk API's result for one event.</summary>
/// <param name="Status">Its own status code.</param>
/// <param name="ErrorType">Name of the error, or null.</param>
/// <param name="Reason">Why, in the server's words, or null; may contain text of the event.</param>
/// <param name="InFailureStore">Whether the document was stored in the failure store because it did not fit its mapping.</param>
internal sealed record BulkItem(int Status, string? ErrorType, string? Reason, bool InFailureStore);

/// <summary>Parses responses of Elasticsearch and OpenSearch.</summary>
internal static class ElasticBulkAnswer
{
    /// <summary>The result of every event, in order; false if the response does not contain exactly that many.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> body, int count, [NotNullWhen(true)] out IReadOnlyList<BulkItem>? items)
    {
        items = null;
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("items", out var list)
                || list.ValueKind != JsonValueKind.Array || list.GetArrayLength() != count)
            {
                return false;
            }

            items = [.. list.EnumerateArray().Select(Read)];
            return true;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            items = null;
            return false;
        }
    }

    /// <summary>Name and version of the server, or null if it is neither.</summary>
    public static string? FindVersion(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var version = document.RootElement.GetProperty("version");
            var product = version.TryGetProperty("distribution", out var distribution) ? distribution.GetString() : "elasticsearch";
            var cluster = document.RootElement.TryGetProperty("cluster_name", out var name) ? name.GetString() : "?";
            return $"{product} {version.GetProperty("number").GetString()}, cluster {cluster}";
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }

    private static BulkItem Read(JsonElement item)
    {
        var result = item.EnumerateObject().First().Value;
        var error = result.TryGetProperty("error", out var found) && found.ValueKind == JsonValueKind.Object ? found : default;
        var reason = TextOf(error, "reason");
        if (error.ValueKind == JsonValueKind.Object && error.TryGetProperty("caused_by", out var cause) && TextOf(cause, "reason") is { } deeper)
        {
            reason = $"{reason}; {deeper}";
        }

        return new BulkItem(result.GetProperty("status").GetInt32(), TextOf(error, "type"), reason, TextOf(result, "failure_store") == "used");
    }

    private static string? TextOf(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
