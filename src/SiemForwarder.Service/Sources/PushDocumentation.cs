using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace SiemForwarder.Service.Sources;

/// <summary>The OpenAPI description of pushing; the body is read as a stream, so none of it can be inferred from the code.</summary>
internal static class PushDocumentation
{
    public const string Description =
        "Events use the native schema (any event_type) or the format of Keycloak's webhook plug-ins; the format is detected for each event. "
        + "Send the key of the inbox in X-API-Key or as Authorization: Bearer, or sign the request, depending on the source. "
        + "An event whose id and time are already in the log counts as a duplicate, so it is safe to send any request again. "
        + "Valid events of an array or NDJSON are stored; the others are listed by index and reason. Returns 400 if no event is valid. "
        + "On 503 with Retry-After, assume that nothing is stored and send the request again.";

    private const string Native = """
        {"event_id":"0d9c9f0e-6f7b-4a3a-9a53-2d1b8c7c1a01","event_type":"transaction.denied","timestamp":"2026-01-31T10:15:30.123Z","outcome":"failure",
        "requestor":"payments","subject":"alice","transaction_id":"t-4711","org_id":"acme","ip_address":"192.0.2.10",
        "location":{"city":"Bonn","country":"DE"},"context":{"amount":"120.00"}}
        """;

    private const string Webhook = """
        [{"id":"7d4f6a1c-1b70-4b2b-8d5e-0d8a6f1c2b3e","type":"access.LOGIN_ERROR","time":1769854530123,"realmId":"c7fc32ed-5c92-4cea-b8da-2008ce1d2e71",
        "realmName":"acme","authDetails":{"realmId":"acme","clientId":"web-app","ipAddress":"192.0.2.10"},"error":"user_not_found","details":{"username":"bob"}}]
        """;

    public static Task DescribeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        operation.RequestBody = new OpenApiRequestBody
        {
            Required = true,
            Description = "One event, an array of events, or one event per line.",
            Content = new Dictionary<string, OpenApiMediaType>
            {
                ["application/json"] = new()
                {
                    Schema = new OpenApiSchema { Type = JsonSchemaType.Object | JsonSchemaType.Array },
                    Examples = new Dictionary<string, IOpenApiExample>
                    {
                        ["native"] = new OpenApiExample { Summary = "One event in the native schema", Value = JsonNode.Parse(Native) },
                        ["webhook"] = new OpenApiExample { Summary = "An array with one event from a Keycloak webhook", Value = JsonNode.Parse(Webhook) },
                    },
                },
                ["application/x-ndjson"] =
                    new() { Schema = new OpenApiSchema { Type = JsonSchemaType.String }, Example = JsonValue.Create(Native.ReplaceLineEndings("") + "\n") },
            },
        };
        return Task.CompletedTask;
    }
}
