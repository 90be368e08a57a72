namespace SiemForwarder.Connections.Network;

/// <summary>A host leads where nothing may be reached; carried as an exception through the HTTP client, which knows no other way.</summary>
public sealed class ForbiddenAddressException : Exception
{
    /// <param name="host">As it was given.</param>
    /// <param name="address">Where it leads.</param>
    public ForbiddenAddressException(string host, string address)
        : base($"{OneLine.Of(host ?? "", 255)} leads to {address}, a link-local or cloud metadata address, which is never asked.")
    {
    }
}
