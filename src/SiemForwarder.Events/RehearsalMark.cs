namespace SiemForwarder.Events;

/// <summary>The details that mark the events of a rehearsal, which pretends an attack; carried by every format.</summary>
public static class RehearsalMark
{
    /// <summary>Name of the detail that is <c>true</c>.</summary>
    public const string Detail = "rehearsal";

    /// <summary>Name of the detail with the id of the rehearsal.</summary>
    public const string IdDetail = "rehearsal_id";

    /// <summary>What every user name begins with.</summary>
    public const string UserPrefix = "rehearsal-";

    /// <summary>Names of the attacks that can be pretended.</summary>
    public static IReadOnlyList<string> Scenarios { get; } =
        ["brute-force", "brute-force-success", "password-spray", "role-granted", "auditing-off", "user-impersonated", "new-admin"];

    /// <summary>The event with its marks last, also where a privacy rule took them.</summary>
    /// <param name="one">The event.</param>
    /// <param name="id">Id of the rehearsal.</param>
    public static SecurityEvent Mark(SecurityEvent one, string id)
    {
        ArgumentNullException.ThrowIfNull(one);
        return one with { Details = [.. one.Details.Where(detail => detail.Key is not (Detail or IdDetail)), new(Detail, "true"), new(IdDetail, id)] };
    }
}
