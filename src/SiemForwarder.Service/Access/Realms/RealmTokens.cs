using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Access.Realms;

/// <summary>Authenticates callers by access tokens of the realm.</summary>
internal sealed class RealmTokens(IOptions<OidcOptions> options, TokenIntrospection introspection, RealmRoles roles, TimeProvider time)
    : IConfigureNamedOptions<JwtBearerOptions>
{
    public const string Scheme = "Realm";

    // Rotated realm keys are fetched at once, but made-up tokens cannot trigger this more often.
    private static readonly TimeSpan KeysInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);

    public void Configure(JwtBearerOptions options) => Configure(Scheme, options);

    public void Configure(string? name, JwtBearerOptions bearer)
    {
        var realm = options.Value;
        bearer.Authority = realm.Authority;
        bearer.MetadataAddress = realm.MetadataUrl!;
        bearer.RequireHttpsMetadata = realm.RequireHttps;
        bearer.MapInboundClaims = false;
        bearer.RefreshInterval = KeysInterval;
        bearer.BackchannelHttpHandler = RealmConnection.CreateHandler();
        bearer.BackchannelTimeout = TimeSpan.FromSeconds(5);
        bearer.TokenValidationParameters = new TokenValidationParameters
        {
            ValidAudience = realm.ValidAudience,
            RequireExpirationTime = true,
            LifetimeValidator = IsInForce,
            LogValidationExceptions = false,
        };
        bearer.Events = new JwtBearerEvents { OnTokenValidated = JudgeAsync, OnAuthenticationFailed = ExplainAsync };
    }

    /// <summary>Whether a token with these times is valid now, by the clock of the service.</summary>
    public bool IsInForce(DateTime? notBefore, DateTime? expires, SecurityToken token, TokenValidationParameters parameters)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return (notBefore is not { } from || from <= now + Skew)
            && (expires > now - Skew ? true : throw new SecurityTokenExpiredException($"It expired at {expires:O}."));
    }

    /// <summary>Why a realm token is rejected; also used for other responses of the realm.</summary>
    public AccessRefusal Explain(Exception exception) => exception switch
    {
        SecurityTokenExpiredException => AccessRefusal.Unknown("The token has expired; get a new one from the realm."),
        SecurityTokenInvalidAudienceException => AccessRefusal.Unknown(
            $"The token is not for this service: its aud must contain '{options.Value.ValidAudience}'. In Keycloak, give the client that fetches it an "
                + "audience mapper."),
        SecurityTokenInvalidIssuerException => AccessRefusal.Unknown($"The token was not issued by the realm {options.Value.Authority}."),
        SecurityTokenException or ArgumentException => AccessRefusal.Unknown(
            "The token is not signed by the realm, or it is damaged; get a new one from the realm."),
        _ => Away,
    };

    private AccessRefusal Away => new(
        StatusCodes.Status503ServiceUnavailable, "Realm unavailable",
        $"The realm {options.Value.Authority} does not respond, so its tokens cannot be verified. API keys still work.", RetryAfter);

    // If the realm's keys could not be read, every token looks unsigned.
    private async Task ExplainAsync(AuthenticationFailedContext context)
    {
        // An unavailable database is no fault of the token: the API answers as for every other request.
        if (!DatabaseFault.IsDatabase(context.Exception))
        {
            Refuse(
                context,
                context.Exception is SecurityTokenExpiredException || await HasKeysAsync(context.Options, context.HttpContext.RequestAborted)
                    ? Explain(context.Exception) : Away);
        }
    }

    private static async Task<bool> HasKeysAsync(JwtBearerOptions bearer, CancellationToken cancellationToken)
    {
        try
        {
            return (await bearer.ConfigurationManager!.GetConfigurationAsync(cancellationToken)).SigningKeys.Count > 0;
        }
        catch (Exception exception) when (exception is InvalidOperationException or IOException or HttpRequestException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }

    private async Task JudgeAsync(TokenValidatedContext context)
    {
        var token = (JsonWebToken)context.SecurityToken;
        var claims = RealmCaller.ReadClaims(token);
        // An ID token is for the sign-in client, and a logout token ends sessions: neither may be used for calls.
        if (RealmCaller.Text(claims, "typ") is { } type && !type.Equals("Bearer", StringComparison.OrdinalIgnoreCase))
        {
            Refuse(context, AccessRefusal.Unknown($"This is not an access token but a token of the type {Connections.OneLine.Of(type, 20)}."));
            return;
        }

        if (options.Value.Introspection)
        {
            var configuration = await context.Options.ConfigurationManager!.GetConfigurationAsync(context.HttpContext.RequestAborted);
            var (state, told) = await introspection.AskAsync(
                configuration.IntrospectionEndpoint, token.EncodedToken, token.ValidTo, context.HttpContext.RequestAborted);
            if (state != TokenState.Active)
            {
                Refuse(context, state == TokenState.Inactive
                    ? AccessRefusal.Unknown("The realm says that the token is not active: it was revoked, its session has ended, or "
                        + $"the introspecting client '{options.Value.ClientId}' is not in its aud.")
                    : Away);
                return;
            }

            claims = told;
        }

        context.Principal = RealmCaller.Read("token", claims, options.Value, await roles.ReadAsync()).ToPrincipal(Scheme);
    }

    private static void Refuse(ResultContext<JwtBearerOptions> context, AccessRefusal refusal)
    {
        context.HttpContext.Features.Set(refusal);
        context.Fail(refusal.Title);
    }
}
