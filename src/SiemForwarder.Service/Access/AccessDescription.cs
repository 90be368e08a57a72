using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using SiemForwarder.Service.Access.Keys;

namespace SiemForwarder.Service.Access;

/// <summary>Adds authentication and the required roles to the OpenAPI document, and serves that document and Swagger UI.</summary>
internal static class AccessDescription
{
    private const string KeyScheme = "apiKey";
    private const string BearerScheme = "bearer";

    private static readonly Dictionary<string, string> Examples = new()
    {
        ["CreateKey"] = """{"name":"nightly report","role":"siem-viewer","expiresAt":"2030-01-01T00:00:00Z"}""",
        ["UpdateRole"] = """{"grantedTo":["soc","soc/leads"]}""",
        ["RotateKey"] = """{"overlapSeconds":3600}""",
    };

    public static WebApplicationBuilder AddAccessToDescription(this WebApplicationBuilder builder)
    {
        builder.Services.Configure<OpenApiOptions>("v1", options => options.AddDocumentTransformer(AddSchemesAsync).AddOperationTransformer(AddNeedsAsync));
        return builder;
    }

    /// <summary>Open to all: the content is the same for every installation, and is needed before one has a key.</summary>
    public static void UseDescription(this WebApplication app)
    {
        app.UseSwaggerUI(options =>
        {
            // Relative to the page, which a proxy may serve below its own path.
            options.SwaggerEndpoint("../openapi/v1.json", "SiemForwarder");
            options.RoutePrefix = "swagger";
            options.DocumentTitle = "SiemForwarder API";
        });
        app.MapOpenApi().Open("It describes the API, is the same for every installation, and is needed before one has a key.");
    }

    private static Task AddSchemesAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
        document.Components.SecuritySchemes[KeyScheme] = new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Header, Name = ApiKeyText.Header,
            Description = "An API key. The first one is in the file admin-key of the data folder.",
        };
        document.Components.SecuritySchemes[BearerScheme] = new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http, Scheme = "bearer",
            Description = "An API key, or an access token of the realm of Forwarder:Access:Oidc. People sign in at /signin instead.",
        };
        return Task.CompletedTask;
    }

    private static Task AddNeedsAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        if (context.Description.ActionDescriptor.EndpointMetadata.OfType<NeededPermission>().FirstOrDefault() is { } needed)
        {
            operation.Security =
            [
                new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(KeyScheme, context.Document)] = [] },
                new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(BearerScheme, context.Document)] = [] },
            ];
            var roles = needed.Permission == Permission.BeKnown ? "Any authenticated caller." : $"For {string.Join(", ", Roles.With(needed.Permission))}.";
            operation.Description = string.IsNullOrEmpty(operation.Description) ? roles : $"{operation.Description} {roles}";
            Add(operation, StatusCodes.Status401Unauthorized, "The caller is not authenticated; the problem document says what to send.");
            Add(operation, StatusCodes.Status403Forbidden, "The caller's roles do not allow this; the problem document names those that do.");
            Add(operation, StatusCodes.Status429TooManyRequests, "The address sent too many wrong keys; Retry-After says how long to wait.");
        }

        if (operation.OperationId is { } id && Examples.TryGetValue(id, out var example)
            && operation.RequestBody?.Content is { } content && content.TryGetValue("application/json", out var json))
        {
            json.Example = JsonNode.Parse(example);
        }

        return Task.CompletedTask;
    }

    private static void Add(OpenApiOperation operation, int status, string description)
    {
        operation.Responses ??= [];
        operation.Responses.TryAdd(status.ToString(CultureInfo.InvariantCulture), new OpenApiResponse { Description = description });
    }
}
