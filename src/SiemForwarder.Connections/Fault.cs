using System.Diagnostics.CodeAnalysis;

namespace SiemForwarder.Connections;

/// <summary>Why an attempt failed, in two sentences for people: what happened, and what to do about it.</summary>
/// <param name="Category">Category of the fault.</param>
/// <param name="What">What happened; names the endpoint, never a secret.</param>
/// <param name="Advice">What to check or change.</param>
/// <param name="NeedsChange">Whether waiting cannot help because a setting must be changed on either side.</param>
public sealed record Fault(ErrorCategory Category, string What, string Advice, bool NeedsChange = false)
{
    private const int MaxTextLength = 2000;

    /// <summary>Whether the other side answered a TLS handshake with something other than TLS.</summary>
    public bool IsPlainPeer { get; init; }

    /// <summary>Fingerprint of a certificate that is not trusted but could be; otherwise null.</summary>
    public string? OfferedFingerprint { get; init; }

    /// <summary>What happened; always a single line, whatever the other side sent.</summary>
    public string What { get; } = OneLine.Of(What, MaxTextLength);

    /// <summary>What to check or change.</summary>
    public string Advice { get; } = OneLine.Of(Advice, MaxTextLength);
}

/// <summary>Category of a fault, for status and metrics.</summary>
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

/// <summary>The outcome of one step: its result, or the fault that ended it.</summary>
public readonly struct Result<T>
    where T : class
{
    private readonly T? value;
    private readonly Fault? fault;

    private Result(T? value, Fault? fault)
    {
        this.value = value;
        this.fault = fault;
    }

    public static implicit operator Result<T>(T value) => new(value, null);

    public static implicit operator Result<T>(Fault fault) => new(null, fault);

    public bool TryGet([NotNullWhen(true)] out T? result, [NotNullWhen(false)] out Fault? reason)
    {
        result = value;
        reason = fault;
        return value is not null;
    }
}

/// <summary>What is wrong with a destination-specific setting.</summary>
/// <param name="Field">Name in the API: <c>settings.token</c>.</param>
/// <param name="Sentence">What to enter instead, for people; never contains the value of a secret.</param>
public sealed record SettingFault(string Field, string Sentence);
