namespace SiemForwarder.Connections;

/// <summary>Where a connection leads, as people name it.</summary>
/// <param name="Host">Name or address, without brackets.</param>
/// <param name="Port">Port in force.</param>
public sealed record Endpoint(string Host, int Port)
{
    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
