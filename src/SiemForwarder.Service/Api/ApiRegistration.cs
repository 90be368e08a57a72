using System.Text.Json;
using System.Text.Json.Serialization;

namespace SiemForwarder.Service.Api;

/// <summary>Registers what all API resources share: JSON, problem details, OpenAPI.</summary>
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
        // A request runs on the pool's thread that read it from the socket. Nothing in a request blocks its thread, so handing it to another one only costs.
        builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
        builder.Services.ConfigureHttpJsonOptions(options =>
        {
            options.SerializerOptions.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
            options.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
            options.SerializerOptions.Converters.Add(new StorableText());
            options.SerializerOptions.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase));
        });
        builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        builder.Services.AddProblemDetails(options => options.CustomizeProblemDetails = context =>
            context.ProblemDetails.Detail ??= context.ProblemDetails.Status == StatusCodes.Status413PayloadTooLarge ? RequestFaults.TooLarge : null);
        builder.Services.AddExceptionHandler<RequestFaults>();
        builder.Services.AddOpenApi(options => options
            .AddDocumentTransformer<ApiDocument>().AddOperationTransformer<ApiConditions>().AddOperationTransformer<ApiExamples>()
            .AddSchemaTransformer<ApiMembers>());
        return builder;
    }

    public static void UseApi(this WebApplication app)
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.Use(new KnownQuery().RunAsync);
    }
}
