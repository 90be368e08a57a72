using Microsoft.AspNetCore.Http;

namespace SiemForwarder.Simulator;

/// <summary>What a realm offers without a token: its public page, its discovery document, its token endpoint.</summary>
internal sealed class RealmEndpoints(KeycloakSimulator simulator)
{
    public Task AnswerAsync(HttpContext context, string realmName, string[] rest)
    {
        if (simulator.FindRealm(realmName) is not { } realm)
        {
            return ErrorAnswer.WriteAsync(simulator.Tier, context, 404, "Realm does not exist");
        }

        return rest switch
        {
            [] => ErrorAnswer.WriteJsonAsync(context, 200, $$"""{"realm":"{{realm.Name}}"}"""),
            [".well-known", "openid-configuration"] => DiscoveryAsync(context, realm),
            ["protocol", "openid-connect", "token"] when HttpMethods.IsPost(context.Request.Method) => TokenAsync(context, realm),
            _ => ErrorAnswer.WriteAsync(simulator.Tier, context, 404, "Unable to find matching target resource method"),
        };
    }

    private Task DiscoveryAsync(HttpContext context, SimulatedRealm realm)
    {
        var issuer = Issuer(realm);
        return ErrorAnswer.WriteJsonAsync(
            context, 200, $$"""{"issuer":"{{issuer}}","token_endpoint":"{{issuer}}/protocol/openid-connect/token","jwks_uri":"{{issuer}}/protocol/openid-connect/certs"}""");
    }

    private async Task TokenAsync(HttpContext context, SimulatedRealm realm)
    {
        var form = await context.Request.ReadFormAsync(context.RequestAborted).ConfigureAwait(false);
        if (Refusal(realm, form) is var (status, error, description))
        {
            await ErrorAnswer.WriteOAuthAsync(context, status, error, description).ConfigureAwait(false);
            return;
        }

        var token = simulator.Tokens.Issue(realm, Issuer(realm), out var tokenId);
        if (realm.RecordsTokens && realm.EventsEnabled)
        {
            realm.AddClientLogin(tokenId, (long)simulator.TokenClockOffset.TotalMilliseconds);
        }

        context.Response.Headers.CacheControl = "no-store";
        var lifetime = (long)realm.Client.TokenLifetime.TotalSeconds;
        await ErrorAnswer.WriteJsonAsync(
            context,
            200,
            $$"""{"access_token":"{{token}}","expires_in":{{lifetime}},"refresh_expires_in":0,"token_type":"Bearer","not-before-policy":0,"scope":"email profile"}""")
            .ConfigureAwait(false);
    }

    private static (int Status, string Error, string Description)? Refusal(SimulatedRealm realm, IFormCollection form)
    {
        var client = realm.Client;
        return form switch
        {
            _ when !realm.Enabled => (403, "access_denied", "Realm not enabled"),
            _ when form["client_id"] != client.ClientId || !client.Enabled => (401, "invalid_client", "Invalid client or Invalid client credentials"),
            _ when client.IsPublic => (401, "unauthorized_client", "Public client not allowed to retrieve service account"),
            _ when form["client_secret"] != client.Secret => (401, "unauthorized_client", "Invalid client or Invalid client credentials"),
            _ when !client.ServiceAccountEnabled => (401, "unauthorized_client", "Client not enabled to retrieve service account"),
            _ when !client.ServiceAccountUserEnabled => (401, "invalid_request", $"User 'service-account-{client.ClientId}' disabled"),
            _ => null,
        };
    }

    private string Issuer(SimulatedRealm realm) => $"{simulator.BaseUrl.ToString().TrimEnd('/')}/realms/{realm.Name}";
}
