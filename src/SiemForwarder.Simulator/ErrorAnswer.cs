using Microsoft.AspNetCore.Http;

namespace SiemForwarder.Simulator;

/// <summary>The error bodies of Keycloak 26.7 and 24.0, as sent by real servers.</summary>
internal static class ErrorAnswer
{
    private const string Log = "For more on this error consult the server log";

    public static Task WriteAsync(SimulatedTier tier, HttpContext context, int status, string error) =>
        WriteJsonAsync(context, status, (tier, status) switch
        {
            (SimulatedTier.WithIds, 500) => Pair("unknown_error", $"{Log}."),
            (SimulatedTier.WithIds, _) => $$"""{"error":"{{error}}"}""",
            (_, 403 or 500) => Pair("unknown_error", $"{Log} at the debug level."),
            _ => Pair(error, $"{Log} at the debug level."),
        });

    /// <summary>The body produced by an unreadable row, by itself or appended to what was already sent.</summary>
    public static string Poison(SimulatedTier tier) =>
        Pair("unknown_error", tier == SimulatedTier.WithIds ? "Cannot parse the JSON" : $"{Log} at the debug level.");

    public static Task WriteOAuthAsync(HttpContext context, int status, string error, string description) =>
        WriteJsonAsync(context, status, Pair(error, description));

    public static Task WriteJsonAsync(HttpContext context, int status, string body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = System.Text.Encoding.UTF8.GetByteCount(body);
        return context.Response.WriteAsync(body, context.RequestAborted);
    }

    private static string Pair(string error, string description) => $$"""{"error":"{{error}}","error_description":"{{description}}"}""";
}
