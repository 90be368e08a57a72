using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Http;

/// <summary>What tells one HTTP intake from another, apart from its bodies and answers.</summary>
internal sealed record HttpIntakeProfile
{
    /// <summary>The header that every request carries, or the fault that keeps any from being sent.</summary>
    public required Result<HttpCredentials> Credentials { get; init; }

    public required BatchLimits Limits { get; init; }

    /// <summary>Where batches go, escaped.</summary>
    public required string PathAndQuery { get; init; }

    public string ContentType { get; init; } = "application/json";

    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>Secrets that only this destination has, hidden in every text.</summary>
    public IReadOnlyList<Secret> Secrets { get; init; } = [];

    /// <summary>Most bytes of an answer that are read.</summary>
    public int MaxAnswerBytes { get; init; } = 64 * 1024;

    /// <summary>The credentials of a destination: the first fault of its settings, a header of its own, or what the integration says under
    /// authentication.</summary>
    /// <param name="faults">Of the settings.</param>
    /// <param name="own">Header of its own; null where its setting is not used.</param>
    /// <param name="authentication">Of the integration.</param>
    public static Result<HttpCredentials> CredentialsOf(IReadOnlyList<SettingFault> faults, HttpCredentials? own, AuthenticationSettings authentication) =>
        faults.Count > 0
            ? new Fault(ErrorCategory.Configuration, $"{faults[0].Field} is wrong: {faults[0].Sentence}", "Correct it in the integration.", NeedsChange: true)
            : own is not null ? own : HttpCredentials.Create(authentication);
}
