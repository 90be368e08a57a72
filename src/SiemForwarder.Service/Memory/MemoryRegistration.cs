using Microsoft.Extensions.Options;

namespace SiemForwarder.Service.Memory;

/// <summary>Registers the memory of the process; each part opens its own share.</summary>
internal static class MemoryRegistration
{
    public static IServiceCollection AddMemory(this IServiceCollection services) => services
        .AddSingleton(provider => new MemoryBudget(provider.GetRequiredService<IOptions<ForwarderOptions>>().Value.MemoryBytes));
}
