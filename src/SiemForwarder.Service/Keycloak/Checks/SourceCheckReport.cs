using System.Text.Json.Serialization;
using SiemForwarder.Connections;

namespace SiemForwarder.Service.Keycloak.Checks;

/// <summary>The result of one item of a check.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SourceCheckResult>))]
public enum SourceCheckResult
{
    [JsonStringEnumMemberName("ok")]
    Ok,

    /// <summary>Polling works, but something will be missing.</summary>
    [JsonStringEnumMemberName("warning")]
    Warning,

    /// <summary>Polling does not work.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,

    /// <summary>Could not be checked, or does not apply.</summary>
    [JsonStringEnumMemberName("skipped")]
    Skipped,
}

/// <summary>One item of a check.</summary>
/// <param name="Name">One of <see cref="SourceCheckName"/>.</param>
/// <param name="Result">Its result.</param>
/// <param name="Detail">What was observed.</param>
/// <param name="Advice">What to do, in terms of Keycloak's admin console; null if there is nothing to do.</param>
public sealed record SourceCheckItem(string Name, SourceCheckResult Result, string Detail, string? Advice = null)
{
    private const int MaxTextLength = 2000;

    /// <summary>What was observed; always one line, whatever the server sent.</summary>
    public string Detail { get; } = OneLine.Of(Detail, MaxTextLength);

    /// <inheritdoc cref="Detail"/>
    public string? Advice { get; } = Advice is null ? null : OneLine.Of(Advice, MaxTextLength);
}

/// <summary>The results of checking a Keycloak source, in a fixed order.</summary>
public sealed record SourceCheckReport(IReadOnlyList<SourceCheckItem> Items)
{
    public bool Succeeded => Items.All(item => item.Result != SourceCheckResult.Failed);
}

/// <summary>The names of the items, in order.</summary>
public static class SourceCheckName
{
    public const string Server = "server";
    public const string Token = "access token";
    public const string Role = "role";
    public const string Api = "events API";
    public const string LoginEvents = "login events";
    public const string EventTypes = "event types";
    public const string LoginExpiration = "login event expiration";
    public const string AdminEvents = "admin events";
    public const string Representation = "admin event representation";
    public const string AdminExpiration = "admin event expiration";
    public const string UserNames = "user names";
    public const string Clock = "clock";

    public static readonly IReadOnlyList<string> All =
        [Server, Token, Role, Api, LoginEvents, EventTypes, LoginExpiration, AdminEvents, Representation, AdminExpiration, UserNames, Clock];
}
