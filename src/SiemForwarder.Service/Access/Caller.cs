using System.Globalization;
using System.Security.Claims;

namespace SiemForwarder.Service.Access;

/// <summary>The authenticated sender of a request, however it authenticated.</summary>
/// <param name="Kind"><c>key</c>, <c>token</c> or <c>session</c>.</param>
/// <param name="Id">The id of a key, or the subject in a realm.</param>
/// <param name="Name">Display name.</param>
/// <param name="Roles">Its roles in this service.</param>
/// <param name="SourceId">The only source that it may push to; null for any.</param>
internal sealed record Caller(string Kind, string Id, string Name, IReadOnlyList<string> Roles, int? SourceId = null)
{
    private const string KindClaim = "kind";
    private const string IdClaim = "sub";
    private const string NameClaim = "name";
    private const string RoleClaim = "role";
    private const string SourceClaim = "source";

    /// <summary>Kind and id, independent of the name: <c>key 55c087f5</c>.</summary>
    public string Credential => $"{Kind} {Id}";

    public bool May(Permission permission) => Access.Roles.May(Roles, permission);

    /// <summary>The caller of a request; null if it is not authenticated.</summary>
    public static Caller? Of(ClaimsPrincipal user) => user.Identity?.IsAuthenticated != true ? null : new Caller(
        user.FindFirstValue(KindClaim) ?? "", user.FindFirstValue(IdClaim) ?? "", user.FindFirstValue(NameClaim) ?? "",
        [.. user.FindAll(RoleClaim).Select(claim => claim.Value)],
        user.FindFirstValue(SourceClaim) is { } source ? int.Parse(source, CultureInfo.InvariantCulture) : null);

    public ClaimsPrincipal ToPrincipal(string scheme)
    {
        List<Claim> claims = [new(KindClaim, Kind), new(IdClaim, Id), new(NameClaim, Name), .. Roles.Select(role => new Claim(RoleClaim, role))];
        if (SourceId is { } source)
        {
            claims.Add(new Claim(SourceClaim, source.ToString(CultureInfo.InvariantCulture)));
        }

        return new ClaimsPrincipal(new ClaimsIdentity(claims, scheme, NameClaim, RoleClaim));
    }
}
