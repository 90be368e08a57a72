namespace SiemForwarder.Service.Preview;

/// <summary>Registers previews.</summary>
internal static class PreviewRegistration
{
    public static IServiceCollection AddPreview(this IServiceCollection services) =>
        services.AddSingleton<GivenEvents>().AddSingleton<RecentEvents>().AddSingleton<Previewer>();
}
