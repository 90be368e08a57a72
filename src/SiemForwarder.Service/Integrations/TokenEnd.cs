using Microsoft.IdentityModel.JsonWebTokens;
using SiemForwarder.Connections;

namespace SiemForwarder.Service.Integrations;

/// <summary>Reads the expiry of tokens that carry one (RFC 7519 section 4.1.4); read, not verified.</summary>
internal static class TokenEnd
{
    /// <summary>Expiry times by secret name; secrets without one are omitted.</summary>
    public static IReadOnlyDictionary<string, DateTimeOffset> Of(IReadOnlyDictionary<string, Secret> secrets) => secrets
        .Select(pair => (pair.Key, End: Of(pair.Value.Reveal()))).Where(one => one.End is not null).ToDictionary(one => one.Key, one => one.End!.Value);

    // The last word: in a header line the token follows the name and the scheme.
    private static DateTimeOffset? Of(string secret)
    {
        var word = secret[(secret.LastIndexOf(' ') + 1)..];
        if (!word.StartsWith("eyJ", StringComparison.Ordinal) || word.Count(one => one == '.') != 2)
        {
            return null;
        }

        try
        {
            var end = new JsonWebToken(word).ValidTo;
            return end == DateTime.MinValue ? null : new DateTimeOffset(DateTime.SpecifyKind(end, DateTimeKind.Utc));
        }
        catch (ArgumentException)
        {
            // It only looks like a JWT.
            return null;
        }
    }
}
