using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Diagnostics;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Api;

/// <summary>Turns invalid requests and database outages into problem details that name the field and say what to do.</summary>
internal sealed partial class RequestFaults(IProblemDetailsService problems, DatabaseConnections database) : IExceptionHandler
{
    // RFC 9110 section 10.2.3.
    private const string RetryAfterSeconds = "5";

    public const string TooLarge = "The request is larger than 1 MiB.";

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        var details = exception switch
        {
            BadHttpRequestException bad => Describe(bad),
            _ when DatabaseFault.IsUnavailable(exception) => new HttpValidationProblemDetails
            {
                Status = StatusCodes.Status503ServiceUnavailable,
                Title = "Database unavailable",
                Detail = "The database is unavailable. Nothing is lost; try again in a moment. /health/ready says why.",
            },
            _ => null,
        };
        if (details is null)
        {
            return false;
        }

        database.Suspect(exception);
        if (details.Status == StatusCodes.Status503ServiceUnavailable)
        {
            httpContext.Response.Headers.RetryAfter = RetryAfterSeconds;
        }

        httpContext.Response.StatusCode = details.Status!.Value;
        await problems.WriteAsync(new ProblemDetailsContext { HttpContext = httpContext, ProblemDetails = details });
        return true;
    }

    private static HttpValidationProblemDetails Describe(BadHttpRequestException exception)
    {
        var json = exception.InnerException as JsonException;
        var details = new HttpValidationProblemDetails
        {
            Status = exception.StatusCode,
            Title = exception.StatusCode == StatusCodes.Status413PayloadTooLarge ? "Request too large" : "Invalid request",
            Detail = exception.StatusCode switch
            {
                StatusCodes.Status413PayloadTooLarge => TooLarge,
                StatusCodes.Status415UnsupportedMediaType => "Send JSON with the Content-Type application/json.",
                _ => "This resource does not accept such a request.",
            },
        };
        if (json is not null)
        {
            details.Errors[FieldOf(json)] = [Sentence(json)];
        }
        else if (Parameter().Match(exception.Message) is { Success: true } parameter)
        {
            details.Errors[JsonNamingPolicy.CamelCase.ConvertName(parameter.Groups["name"].Value)] =
                [$"'{parameter.Groups["value"].Value}' cannot be read as {Kind(parameter.Groups["type"].Value)}."];
        }
        else if (exception.Message.Contains("body", StringComparison.OrdinalIgnoreCase))
        {
            details.Errors["body"] = ["The body is empty; send a JSON object."];
        }

        return details;
    }

    private static string Kind(string type) =>
        type.Contains("DateTime", StringComparison.Ordinal) ? "an instant such as 2026-01-31T00:00:00Z" : "a number";

    [GeneratedRegex("""^Failed to bind parameter "(?<type>.+) (?<name>\w+)" from "(?<value>.*)"\.$""", RegexOptions.Singleline, 1000)]
    private static partial Regex Parameter();

    private static string FieldOf(JsonException json)
    {
        var path = (json.Path ?? "$").TrimStart('$').TrimStart('.');
        return path.Length == 0 ? "body" : path;
    }

    private static string Sentence(JsonException json) => json.Message.Contains("could not be mapped", StringComparison.Ordinal)
        ? "Unknown field; see /swagger for the names."
        : json.Message.Contains("could not be converted", StringComparison.Ordinal)
            ? "The value has the wrong type; see /swagger for what is expected."
            : json.Message.StartsWith(StorableText.Sentence, StringComparison.Ordinal) ? StorableText.Sentence
            : json.Message == MergePatch.NoText ? MergePatch.NoText
            : $"The JSON is invalid at line {json.LineNumber + 1}, byte {json.BytePositionInLine + 1}.";
}
