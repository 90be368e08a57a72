using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace SiemForwarder.Service.Api;

/// <summary>The introduction of the OpenAPI document, and the body of every error response.</summary>
internal sealed class ApiDocument : IOpenApiDocumentTransformer
{
    private const string Problem = nameof(HttpValidationProblemDetails);
    private const string ProblemMediaType = "application/problem+json";

    public Task TransformAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info = new OpenApiInfo
        {
            Title = "SiemForwarder",
            Version = "v1",
            Description = "Pulls login and admin events from Keycloak and delivers them to any SIEM without losing any. "
                + "Every error is a problem document; errors lists what is wrong with a request, by field. Lists return items, total, page and pageSize. "
                + "Changes require the ETag from the last GET in If-Match. Secrets are write-only.",
        };
        return DescribeRefusalsAsync(document, context, cancellationToken);
    }

    private static async Task DescribeRefusalsAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.AddComponent(Problem, await context.GetOrCreateSchemaAsync(typeof(HttpValidationProblemDetails), null, cancellationToken));
        var responses = document.Paths.Values.Where(path => path.Operations is not null).SelectMany(path => path.Operations!.Values)
            .Where(operation => operation.Responses is not null).SelectMany(operation => operation.Responses!);
        foreach (var (status, response) in responses)
        {
            if (status[0] is '4' or '5' && response is OpenApiResponse { Content: null or { Count: 0 } } bare)
            {
                bare.Content = new Dictionary<string, OpenApiMediaType>
                {
                    [ProblemMediaType] = new() { Schema = new OpenApiSchemaReference(Problem, document) },
                };
            }
        }
    }
}
