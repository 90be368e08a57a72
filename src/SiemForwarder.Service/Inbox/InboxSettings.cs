using SiemForwarder.Connections;

namespace SiemForwarder.Service.Inbox;

/// <summary>How a sender authenticates.</summary>
internal enum InboxAuthentication
{
    /// <summary>The key itself in a header.</summary>
    Key,

    /// <summary>Standard Webhooks: HMAC over id, timestamp and body; a request older than the tolerance is rejected.</summary>
    StandardWebhooks,

    /// <summary>HMAC over the body in hexadecimal, as signed by Phase Two's plug-in; covers no timestamp.</summary>
    Hmac,
}

/// <summary>The current settings of a source's inbox.</summary>
internal sealed record InboxSettings
{
    public required int SourceId { get; init; }

    public required string SourceName { get; init; }

    public required InboxAuthentication Authentication { get; init; }

    /// <summary>Header that holds the key or the signature.</summary>
    public required string Header { get; init; }

    /// <summary>How far the signed timestamp may differ from our clock.</summary>
    public required TimeSpan Tolerance { get; init; }

    /// <summary>Whether SHA-1 signatures are accepted.</summary>
    public required bool AllowSha1 { get; init; }

    /// <summary>One key, or two during a rotation.</summary>
    public required IReadOnlyList<Secret> Keys { get; init; }

    /// <summary>Realm polled by the same source; null if none.</summary>
    public string? PulledRealm { get; init; }

    /// <summary>True if the polled server returns no event ids, so that its events are identified by their content.</summary>
    public bool PulledByContent { get; init; }
}
