using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace SiemForwarder.Service.Api;

/// <summary>The front page of the OpenAPI document.</summary>
internal sealed class ApiDocument : IOpenApiDocumentTransformer
{
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
        return Task.CompletedTask;
    }
}
