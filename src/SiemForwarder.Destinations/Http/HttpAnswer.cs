using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Http;

/// <summary>A receiver's response to one request, with secrets masked.</summary>
/// <param name="Endpoint">Scheme, host and port, without path.</param>
/// <param name="Status">Status code.</param>
/// <param name="Text">Beginning of the body, on a single line.</param>
/// <param name="Body">The body itself, at most 64 KiB or the destination's limit, for a destination that must read it: never
/// displayed; valid until the next request.</param>
internal sealed record HttpAnswer(string Endpoint, int Status, string Text, ReadOnlyMemory<byte> Body = default)
{
    /// <summary>How long the receiver asked to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Scheme and host of a redirect's target, or null.</summary>
    public string? Location { get; init; }

    /// <summary>Whether the body is a web page.</summary>
    public bool IsHtml { get; init; }

    /// <summary>Masks secrets in text taken from the body.</summary>
    public Func<string, string> Hide { get; init; } = static text => text;

    public string InShort => Text.Length == 0 || IsHtml ? $"HTTP {Status}" : $"HTTP {Status}: {Text}";

    /// <summary>The outcome of the request according to the status table.</summary>
    public DeliveryOutcome ToOutcome(string integrationName)
    {
        var rule = HttpStatusTable.Find(Status);
        return rule.Verdict switch
        {
            HttpVerdict.Delivered => new DeliveryOutcome.Delivered(InShort),
            HttpVerdict.Rejected => new DeliveryOutcome.Rejected(Reason(integrationName, rule), InShort),
            HttpVerdict.Transient => new DeliveryOutcome.Transient(rule.Category, Reason(integrationName, rule), RetryAfter),
            _ => new DeliveryOutcome.Misconfigured(rule.Category, Reason(integrationName, rule)),
        };
    }

    /// <summary>The same as a fault, for a test; null on success. A web page is never an intake's response.</summary>
    public Fault? ToFault()
    {
        var rule = HttpStatusTable.Find(Status);
        if (rule.Verdict != HttpVerdict.Delivered)
        {
            return new Fault(rule.Category, What(rule), Advice(rule), NeedsChange: rule.Verdict != HttpVerdict.Transient);
        }

        return IsHtml
            ? new Fault(
                ErrorCategory.Configuration, $"{Endpoint} answered HTTP {Status} with a web page.",
                "This looks like a login page or a user interface, not an intake: check host, port and path of the server URL.", NeedsChange: true)
            : null;
    }

    private string Reason(string integrationName, HttpStatusRule rule) => $"Integration '{integrationName}': {What(rule)} {Advice(rule)}";

    private string What(HttpStatusRule rule)
    {
        var target = Location is null || Status is < 300 or > 399 ? "" : $" It points to {Location}.";
        var body = Text.Length == 0 || IsHtml ? "" : $" Its answer: {Text}";
        return $"{Endpoint} answered HTTP {Status}, {rule.Meaning}.{target}{body}";
    }

    private string Advice(HttpStatusRule rule) => IsHtml && rule.Verdict != HttpVerdict.Transient
        ? $"{rule.Advice} The answer is a web page, so this may not be the intake at all."
        : rule.Advice;
}
