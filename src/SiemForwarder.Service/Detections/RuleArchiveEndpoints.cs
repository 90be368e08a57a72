using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using SiemForwarder.Service.Access;

namespace SiemForwarder.Service.Detections;

/// <summary>Rules and lists as one file, to keep them in a repository or to take those of others.</summary>
internal static class RuleArchiveEndpoints
{
    private const string MediaType = "application/zip";
    private const long MaxRequestBytes = 8 * 1024 * 1024;

    public static void MapRuleArchives(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/rules").WithTags("Detections");
        group.MapGet("/export", Export).WithName("ExportRules").Needs(Permission.ReadSettings).Produces<byte[]>(StatusCodes.Status200OK, MediaType)
            .WithSummary("Returns all rule files with their fixtures, and all lists, as a folder in the manner of SigmaHQ, in a ZIP file.");
        group.MapPost("/import", Import).WithName("ImportRules").Needs(Permission.Configure)
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge).AddOpenApiOperationTransformer(DescribeBodyAsync)
            .WithSummary("Takes in the rules (*.yml) and lists of a ZIP file in the body. New files are off; files of your own are kept unless replace=true. "
                + "If anything is refused, nothing is stored and the status is 422, unless partial=true takes what is good; the outcome tells which, and why.");
    }

    // The body is read as a stream: declared in code, another media type would be refused before the caller's permission is looked at.
    private static Task DescribeBodyAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        operation.RequestBody = new OpenApiRequestBody
        {
            Required = true,
            Description = "A ZIP file of at most 8 MiB.",
            Content = new Dictionary<string, OpenApiMediaType>
            {
                [MediaType] = new() { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } },
            },
        };
        return Task.CompletedTask;
    }

    private static async Task<FileContentHttpResult> Export(RuleShelf shelf, CancellationToken cancellationToken)
    {
        var library = await shelf.ReadAsync(cancellationToken);
        var bytes = await RuleArchive.WriteAsync(
            library.Files.Values.OrderBy(file => file.Name, StringComparer.Ordinal), library.Lists.Values.OrderBy(list => list.Name, StringComparer.Ordinal),
            cancellationToken);
        return TypedResults.File(bytes, MediaType, "siemforwarder-rules.zip");
    }

    private static async Task<Results<Ok<RuleImportResponse>, UnprocessableEntity<RuleImportResponse>, ProblemHttpResult>> Import(
        bool? replace, bool? partial, RuleImport import, HttpContext http, CancellationToken cancellationToken)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = MaxRequestBytes + 1;
        }

        using var body = new MemoryStream();
        if (!await CopyAsync(http.Request.Body, body, cancellationToken))
        {
            return TypedResults.Problem(
                $"An archive has at most {MaxRequestBytes} bytes; send it in parts.", statusCode: StatusCodes.Status413PayloadTooLarge, title: "Too large");
        }

        body.Position = 0;
        var (rules, lists, problem) = await RuleArchive.ReadAsync(body, cancellationToken);
        if (problem is not null)
        {
            return TypedResults.Problem(problem, statusCode: StatusCodes.Status400BadRequest, title: "Not an archive of rules");
        }

        // Who only looks at the status must not take an import for done of which nothing is stored.
        var wishes = new ImportWishes(replace ?? false, partial ?? false, Caller.Of(http.User)!.Name);
        var told = await import.RunAsync(rules, lists, wishes, cancellationToken);
        return told.Outcome == RuleImportResponse.Nothing ? TypedResults.UnprocessableEntity(told) : TypedResults.Ok(told);
    }

    private static async Task<bool> CopyAsync(Stream from, MemoryStream to, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        while (await from.ReadAsync(buffer, cancellationToken) is > 0 and var read)
        {
            if (to.Length + read > MaxRequestBytes)
            {
                return false;
            }

            to.Write(buffer, 0, read);
        }

        return true;
    }
}
