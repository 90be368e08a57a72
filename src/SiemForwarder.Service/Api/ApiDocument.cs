using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace SiemForwarder.Service.Api;

/// <summary>The front page of the OpenAPI document, and the body that every refusal has.</summary>
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
            Description = "Pulls login and admin events from Keycloak and delivers them to any SIEM, losing none. "
                + "Every error is a problem document; what is wrong with a request stands in errors, by field. Lists answer items, total, page and pageSize. "
                + "Changes ask for the ETag that was read (If-Match). Secrets are write-only.",
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
