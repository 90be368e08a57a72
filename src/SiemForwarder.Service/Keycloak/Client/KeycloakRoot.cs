using SiemForwarder.Connections;

namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>Finds the root path of the server: as configured, or with <c>/auth</c> as on older servers.</summary>
internal sealed class KeycloakRoot(KeycloakSource source, KeycloakConnection connection)
{
    private string? root;

    /// <summary>Issuer of the realm's tokens, as reported by the server; empty before it is found.</summary>
    public string Issuer { get; private set; } = "";

    /// <summary>Forgets the root, so that the next request finds it again.</summary>
    public void Forget() => root = null;

    /// <summary>The URL before <c>/realms</c> and <c>/admin</c>, without a trailing slash.</summary>
    public async Task<(string? Root, PollFailure? Failure)> FindAsync(CancellationToken cancellationToken)
    {
        if (root is not null)
        {
            return (root, null);
        }

        var configured = source.BaseUrl.ToString().TrimEnd('/');
        string[] candidates = configured.EndsWith("/auth", StringComparison.Ordinal) ? [configured, configured[..^5]] : [configured, configured + "/auth"];
        foreach (var candidate in candidates)
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Get, $"{candidate}/realms/{Uri.EscapeDataString(source.Realm)}/.well-known/openid-configuration");
            var (answer, failure) = await connection.SendAsync(request, 1 << 20, cancellationToken);
            using var reply = answer;
            if (reply is null)
            {
                return (null, failure);
            }

            if (reply.Status == 200 && reply.IsJson && reply.Text("issuer") is { Length: > 0 } issuer)
            {
                Issuer = issuer;
                root = candidate;
                return (root, null);
            }

            if (reply.Text("error") == "Realm does not exist")
            {
                return (null, KeycloakAnswers.RealmMissing(source));
            }

            if (reply.Status != 404)
            {
                return (null, KeycloakAnswers.Classify(source, reply));
            }
        }

        return (null, new PollFailure(
            ErrorCategory.Configuration,
            $"No Keycloak found at {configured}, with or without /auth.",
            $"Check the base URL of source '{source.Name}'; it must end before /realms and /admin."));
    }
}
