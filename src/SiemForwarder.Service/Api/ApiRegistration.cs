using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Diagnostics;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Api;

/// <summary>Registers what all resources of the API have in common: JSON, problem details, OpenAPI, Swagger UI.</summary>
internal static class ApiRegistration
{
    private const long MaxRequestBytes = 1024 * 1024;

    public static WebApplicationBuilder AddApi(this WebApplicationBuilder builder)
    {
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxRequestBytes;
        });
        builder.Services.ConfigureHttpJsonOptions(options =>
        {
            options.SerializerOptions.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
            options.SerializerOptions.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase));
        });
        builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        builder.Services.AddProblemDetails();
        builder.Services.AddExceptionHandler<RequestFaults>();
        builder.Services.AddOpenApi(options => options.AddDocumentTransformer<ApiDocument>().AddOperationTransformer<ApiExamples>());
        return builder;
    }

    public static void UseApi(this WebApplication app)
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.MapOpenApi();
        app.UseSwaggerUI(options =>
        {
            options.SwaggerEndpoint("/openapi/v1.json", "SiemForwarder");
            options.RoutePrefix = "swagger";
            options.DocumentTitle = "SiemForwarder API";
        });
        app.MapGet("/", () => TypedResults.Redirect("/swagger")).ExcludeFromDescription();
    }
}

/// <summary>Turns faults of a request, and a database that is away, into problem details that name the field and say what to do.</summary>
internal sealed class RequestFaults(IProblemDetailsService problems) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        var details = exception switch
        {
            BadHttpRequestException bad => Describe(bad),
            _ when DatabaseFault.IsPassing(exception) => new HttpValidationProblemDetails
            {
                Status = StatusCodes.Status503ServiceUnavailable,
                Title = "Database not available",
                Detail = "The database cannot be used now. Nothing is lost; try again in a moment. /health/ready says why.",
            },
            _ => null,
        };
        if (details is null)
        {
            return false;
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
            Title = exception.StatusCode == StatusCodes.Status413PayloadTooLarge ? "Request too large" : "Request not understood",
            Detail = exception.StatusCode switch
            {
                StatusCodes.Status413PayloadTooLarge => "A request may have at most 1 MiB.",
                StatusCodes.Status415UnsupportedMediaType => "Send JSON with the header Content-Type: application/json.",
                _ => json is null ? exception.Message : "The body is not what this resource takes.",
            },
        };
        if (json is not null)
        {
            details.Errors[FieldOf(json)] = [Sentence(json)];
        }

        return details;
    }

    private static string FieldOf(JsonException json)
    {
        var path = (json.Path ?? "$").TrimStart('$').TrimStart('.');
        return path.Length == 0 ? "body" : path;
    }

    private static string Sentence(JsonException json) => json.Message.Contains("could not be mapped", StringComparison.Ordinal)
        ? "There is no such field; look at /swagger for the names."
        : json.Message.Contains("could not be converted", StringComparison.Ordinal)
            ? "The value has the wrong type; look at /swagger for what is expected."
            : $"The JSON is broken at line {json.LineNumber + 1}, byte {json.BytePositionInLine + 1}.";
}
