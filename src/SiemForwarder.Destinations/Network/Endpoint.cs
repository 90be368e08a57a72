namespace SiemForwarder.Destinations.Network;

/// <summary>Where a destination connects to, as people name it.</summary>
/// <param name="Host">Name or address, without brackets.</param>
/// <param name="Port">Port in force.</param>
internal sealed record Endpoint(string Host, int Port)
{
    public static Endpoint Of(DestinationSettings settings) => new(settings.ServerUrl.IdnHost, settings.Port);

    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
