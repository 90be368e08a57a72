using SiemForwarder.Connections;

namespace SiemForwarder.Service.Inbox;

/// <summary>How a sender proves that it may push.</summary>
internal enum InboxAuthentication
{
    /// <summary>The key itself in a header.</summary>
    Key,

    /// <summary>Standard Webhooks: HMAC over id, time and body; a request older than the tolerance is refused.</summary>
    StandardWebhooks,

    /// <summary>HMAC over the body in hexadecimal, as Phase Two's plug-in signs; no time is signed.</summary>
    Hmac,
}

/// <summary>The inbox of one source as it is in force.</summary>
internal sealed record InboxSettings
{
    public required int SourceId { get; init; }

    public required string SourceName { get; init; }

    public required InboxAuthentication Authentication { get; init; }

    /// <summary>Header that holds the key or the signature.</summary>
    public required string Header { get; init; }

    /// <summary>How far the signed time may be from ours.</summary>
    public required TimeSpan Tolerance { get; init; }

    /// <summary>Whether a signature by SHA-1 counts.</summary>
    public required bool AllowSha1 { get; init; }

    /// <summary>One key, or two while one replaces the other.</summary>
    public required IReadOnlyList<Secret> Keys { get; init; }

    /// <summary>Realm that is pulled by the same source; null where none is.</summary>
    public string? PulledRealm { get; init; }

    /// <summary>True where the pulled server shows no event ids, so that its events are known by their content.</summary>
    public bool PulledByContent { get; init; }
}
