namespace SiemForwarder.Connections;

/// <summary>The sort of fault, for status and metrics.</summary>
public enum ErrorCategory
{
    NameResolution,
    Connection,
    Tls,
    Timeout,
    Authentication,
    Authorization,
    Configuration,
    RateLimited,
    ServerError,
    Rejected,
    Database,
    Internal,
}
