using System.Globalization;
using System.Text.Json.Nodes;
using SiemForwarder.WebConsole.Api;

namespace SiemForwarder.WebConsole.Layout;

/// <summary>Who looks at the page, what they may do, and in which time zone their browser is.</summary>
public sealed class Person(JsonNode? me, TimeZoneInfo zone)
{
    private readonly HashSet<string> permissions = [.. me.Items("permissions").Select(one => one.ToString())];

    public string Name { get; } = me.Text("name") ?? "";

    public string Kind { get; } = me.Text("kind") ?? "";

    public string Id { get; } = me.Text("id") ?? "";

    public string Roles { get; } = string.Join(", ", me.Items("roles").Select(role => role.ToString()));

    public IReadOnlyCollection<string> Permissions => permissions;

    public bool MayConfigure => May("Configure");

    public bool MayOperate => May("Operate");

    public bool MayReadEvents => May("ReadEvents");

    public bool MayReadAudit => May("ReadAudit");

    public bool MayReadStates => May("ReadStates");

    public string Zone => zone.Id;

    public bool May(string permission) => permissions.Contains(permission, StringComparer.OrdinalIgnoreCase);

    /// <summary>A time as the person's clock shows it.</summary>
    public string Local(DateTimeOffset time) => TimeZoneInfo.ConvertTime(time, zone).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>What the person typed as a local time, in UTC; null if it is no time.</summary>
    public DateTimeOffset? FromLocal(string? text) => DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var local)
        ? new DateTimeOffset(local, zone.GetUtcOffset(local)).ToUniversalTime() : null;

    /// <summary>The zone with a name of the IANA database; UTC where this machine does not know it.</summary>
    public static TimeZoneInfo FindZone(string? name) =>
        name is not null && TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) ? zone : TimeZoneInfo.Utc;
}

/// <summary>Writes numbers so that a person can read them.</summary>
public static class Readable
{
    public static string Number(long? number) => number?.ToString("#,0", CultureInfo.InvariantCulture) ?? "–";

    /// <summary>A number of things, such as <c>1 event</c> or <c>1,200 events</c>.</summary>
    public static string Count(long? number, string thing) => $"{Number(number)} {thing}{(number == 1 ? "" : "s")}";

    /// <summary>How many in a second, with as many digits as tell something.</summary>
    public static string Rate(double rate) => rate.ToString(rate is 0 or >= 100 ? "#,0" : rate >= 1 ? "0.#" : "0.##", CultureInfo.InvariantCulture);

    public static string Bytes(long? bytes) => bytes switch
    {
        null => "–",
        < 1000 => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
        < 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1000.0:0.#} kB"),
        < 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1_000_000.0:0.#} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1_000_000_000.0:0.##} GB"),
    };

    public static string Duration(TimeSpan span) => span switch
    {
        { TotalSeconds: < 1 } => "less than 1 s",
        { TotalMinutes: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{span.Seconds} s"),
        { TotalHours: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{span.Minutes} min {span.Seconds} s"),
        { TotalDays: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{span.Hours} h {span.Minutes} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(int)span.TotalDays} d {span.Hours} h"),
    };

    /// <summary>JSON with line breaks, as text.</summary>
    public static string Json(JsonNode? node) => node?.ToJsonString(Indented) ?? "";

    private static readonly System.Text.Json.JsonSerializerOptions Indented = new()
    {
        WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
