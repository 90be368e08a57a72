using SiemForwarder.Service.Settings;

namespace SiemForwarder.Service.Preview;

/// <summary>Registers previews and volume estimates.</summary>
internal static class PreviewRegistration
{
    public static IServiceCollection AddPreview(this IServiceCollection services)
    {
        services.AddSettings<PreviewOptions>(PreviewOptions.Section);
        return services.AddSingleton<GivenEvents>().AddSingleton<RecentEvents>().AddSingleton<Previewer>()
            .AddSingleton<IndexedVolume>().AddSingleton<LoggedVolume>().AddSingleton<VolumeEstimator>();
    }
}
