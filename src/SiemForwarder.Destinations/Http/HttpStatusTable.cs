using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Http;

/// <summary>The meaning of a status code for a batch.</summary>
internal enum HttpVerdict
{
    Delivered,
    Transient,
    Rejected,
    Misconfigured,
}

/// <summary>A row of the table: a range of status codes, what they mean, and what to do.</summary>
internal sealed record HttpStatusRule(int From, int To, HttpVerdict Verdict, ErrorCategory Category, string Meaning, string Advice);

/// <summary>The table that maps HTTP status codes (RFC 9110 section 15) to outcomes; the first matching row applies.</summary>
internal static class HttpStatusTable
{
    private const string RetryAdvice = "The batch is sent again; if this persists, check the receiver's health.";
    private const string WrongUrl = "Check the path of the server URL.";

    private static readonly HttpStatusRule[] Rules =
    [
        new(200, 299, HttpVerdict.Delivered, ErrorCategory.Internal, "accepted", ""),
        new(300, 399, HttpVerdict.Misconfigured, ErrorCategory.Configuration,
            "a redirect, which is never followed because it could carry the credentials elsewhere", "Set the server URL to the address that it points to."),
        new(400, 400, HttpVerdict.Rejected, ErrorCategory.Rejected, "bad request", "Check that the receiver expects this output type, schema and body."),
        new(401, 401, HttpVerdict.Misconfigured, ErrorCategory.Authentication, "not authenticated", "Renew or correct the credentials under authentication."),
        new(403, 403, HttpVerdict.Misconfigured, ErrorCategory.Authorization, "forbidden",
            "Allow the account or token to send events, or allow this engine's address."),
        new(404, 404, HttpVerdict.Misconfigured, ErrorCategory.Configuration, "not found", WrongUrl),
        new(405, 405, HttpVerdict.Misconfigured, ErrorCategory.Configuration, "POST is not allowed here", WrongUrl),
        new(407, 407, HttpVerdict.Misconfigured, ErrorCategory.Authentication, "a proxy asks for credentials",
            "Let this engine reach the receiver without that proxy."),
        new(408, 408, HttpVerdict.Transient, ErrorCategory.Timeout, "it waited too long for the request", RetryAdvice),
        new(410, 410, HttpVerdict.Misconfigured, ErrorCategory.Configuration, "the intake no longer exists",
            "Set the server URL of the intake that replaces it."),
        new(411, 411, HttpVerdict.Misconfigured, ErrorCategory.Configuration, "Content-Length is required",
            "A proxy on the way removes Content-Length: correct that proxy."),
        new(413, 413, HttpVerdict.Rejected, ErrorCategory.Rejected, "the request is too large",
            "Raise the receiver's size limit; until then smaller requests are tried."),
        new(415, 415, HttpVerdict.Misconfigured, ErrorCategory.Configuration, "it does not accept this content type or compression",
            "Change http.body, outputType or http.gzip to what the receiver accepts."),
        new(422, 422, HttpVerdict.Rejected, ErrorCategory.Rejected, "it understands the request but rejects the content",
            "Check that the receiver expects this output type and schema."),
        new(425, 425, HttpVerdict.Transient, ErrorCategory.ServerError, "too early", RetryAdvice),
        new(429, 429, HttpVerdict.Transient, ErrorCategory.RateLimited, "too many requests",
            "The batch is sent again later; if this persists, raise the receiver's quota or narrow the filter."),
        new(400, 499, HttpVerdict.Misconfigured, ErrorCategory.Configuration, "it rejects the request",
            "Check the server URL and the receiver's settings; its answer or log says more."),
        new(501, 501, HttpVerdict.Misconfigured, ErrorCategory.Configuration, "it does not implement this", WrongUrl),
        new(505, 505, HttpVerdict.Misconfigured, ErrorCategory.Configuration, "it does not speak HTTP/1.1", "Put a receiver or proxy with HTTP/1.1 in front."),
        new(500, 599, HttpVerdict.Transient, ErrorCategory.ServerError, "an internal error", RetryAdvice),
    ];

    private static readonly HttpStatusRule Unknown = new(
        0, 999, HttpVerdict.Misconfigured, ErrorCategory.Configuration, "which is not an HTTP status", "Check that the server URL leads to an HTTP receiver.");

    public static HttpStatusRule Find(int status) => Array.Find(Rules, rule => status >= rule.From && status <= rule.To) ?? Unknown;
}
