using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace SiemForwarder.Service.Api;

/// <summary>Adds to the OpenAPI document what all operations have in common: the If-Match header of changes, and the error responses.</summary>
internal sealed class ApiConditions : IOpenApiOperationTransformer
{
    public Task TransformAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var path = context.Description.RelativePath ?? "";
        if (metadata.OfType<AsksForVersion>().Any())
        {
            (operation.Parameters ??= []).Add(new OpenApiParameter
            {
                Name = "If-Match", In = ParameterLocation.Header, Required = true, Schema = new OpenApiSchema { Type = JsonSchemaType.String },
                Description = "The ETag from the last GET, including its quotes; * matches any version.",
            });
        }

        if (!path.StartsWith("api/", StringComparison.Ordinal))
        {
            return Task.CompletedTask;
        }

        Add(operation, StatusCodes.Status400BadRequest, "The request is invalid; the problem document names the fields.");
        if (path.Contains('{'))
        {
            Add(operation, StatusCodes.Status404NotFound, "The resource does not exist.");
        }

        if (operation.RequestBody is not null)
        {
            Add(operation, StatusCodes.Status413PayloadTooLarge, "The body is larger than 1 MiB.");
            Add(operation, StatusCodes.Status415UnsupportedMediaType, "The body is not JSON.");
        }

        Add(operation, StatusCodes.Status503ServiceUnavailable, "The database is unavailable; Retry-After says when to try again.");
        return Task.CompletedTask;
    }

    private static void Add(OpenApiOperation operation, int status, string description) =>
        (operation.Responses ??= []).TryAdd(status.ToString(CultureInfo.InvariantCulture), new OpenApiResponse { Description = description });
}

/// <summary>Marks members that are read-only; lists the values of choices, and the type of strings, which have their own converter.</summary>
internal sealed class ApiMembers : IOpenApiSchemaTransformer
{
    public Task TransformAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        if (context.JsonTypeInfo.Type == typeof(string))
        {
            schema.Type = context.JsonPropertyInfo is { IsGetNullable: true } ? JsonSchemaType.String | JsonSchemaType.Null : JsonSchemaType.String;
        }
        else if (typeof(ProblemDetails).IsAssignableFrom(context.JsonTypeInfo.Type))
        {
            // A trace id is added to the members of RFC 9457.
            schema.AdditionalPropertiesAllowed = true;
        }

        if (context.JsonPropertyInfo?.AttributeProvider is { } member)
        {
            schema.ReadOnly = schema.ReadOnly || member.IsDefined(typeof(ReadOnlyAttribute), inherit: true);
            if (member.GetCustomAttributes(typeof(AllowedValuesAttribute), inherit: true) is [AllowedValuesAttribute choices])
            {
                var named = schema;
                if (schema.Type?.HasFlag(JsonSchemaType.Array) == true)
                {
                    schema.Items = named = new OpenApiSchema { Type = JsonSchemaType.String };
                }

                named.Enum = [.. choices.Values.Select(choice => (JsonNode)JsonValue.Create((string)choice!))];
                if (named.Type?.HasFlag(JsonSchemaType.Null) == true)
                {
                    named.Enum.Add(JsonNullSentinel.JsonNull);
                }
            }
        }

        return Task.CompletedTask;
    }
}
