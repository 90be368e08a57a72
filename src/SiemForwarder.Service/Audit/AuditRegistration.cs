using SiemForwarder.Service.Access;

namespace SiemForwarder.Service.Audit;

/// <summary>Registers the audit trail, and the middleware that records changes and refusals.</summary>
internal static class AuditRegistration
{
    public static IServiceCollection AddAudit(this IServiceCollection services) => services
        .AddSingleton<AuditTable>()
        .AddSingleton<ResourceViews>()
        .AddSingleton<LastWord>()
        .AddSingleton<ChangeRecorder>()
        .AddSingleton<RefusalBound>()
        .AddSingleton<RefusalRecorder>()
        .AddSingleton<AuditService>()
        .AddHostedService(provider => provider.GetRequiredService<AuditService>());

    /// <summary>Must come before everything that refuses requests.</summary>
    public static void UseRefusalRecord(this WebApplication app)
    {
        var recorder = app.Services.GetRequiredService<RefusalRecorder>();
        app.Use((context, next) =>
        {
            recorder.Watch(context);
            return next(context);
        });
    }

    /// <summary>Records every endpoint mapped here that requires <see cref="Permission.Configure"/> or <see cref="Permission.Operate"/>.</summary>
    public static IEndpointRouteBuilder RecordChanges(this WebApplication app)
    {
        var recorder = app.Services.GetRequiredService<ChangeRecorder>();
        return app.MapGroup("").AddEndpointFilter((context, next) => recorder.RunAsync(context, next)).WithMetadata(new RecordedChanges());
    }
}

/// <summary>Marks the endpoints whose changes are recorded.</summary>
internal sealed record RecordedChanges;
