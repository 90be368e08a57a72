using System.Text;
using System.Text.Json;
using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Http;

/// <summary>Gets access tokens from an OAuth 2.0 token endpoint (RFC 6749) and keeps each until shortly before it expires.</summary>
internal sealed class AccessTokens : IAccessTokens
{
    private static readonly TimeSpan Reserve = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan UsualLife = TimeSpan.FromHours(1);

    private readonly DestinationSettings settings;
    private readonly Uri tokenUrl;
    private readonly Func<DateTimeOffset, string> form;
    private readonly string advice;
    private readonly TimeProvider time;
    private readonly TokenEndpoint endpoint;
    private Secret? token;
    private DateTimeOffset renewAt;
    private bool isFresh;

    /// <param name="settings">Of the destination; its TLS authorities apply here too.</param>
    /// <param name="tokenUrl">URL of the token endpoint.</param>
    /// <param name="form">Form-encoded request body for a given time.</param>
    /// <param name="secrets">Masked in all texts.</param>
    /// <param name="advice">What to check if the endpoint refuses.</param>
    /// <param name="time">For time limits and expiry.</param>
    public AccessTokens(
        DestinationSettings settings, Uri tokenUrl, Func<DateTimeOffset, string> form, IReadOnlyList<Secret> secrets, string advice, TimeProvider time)
    {
        this.settings = settings;
        this.tokenUrl = tokenUrl;
        this.form = form;
        this.advice = advice;
        this.time = time;
        endpoint = new TokenEndpoint(settings, tokenUrl, null, secrets, time);
    }

    public IReadOnlyList<KeyValuePair<string, string>> Headers => token is null ? [] : [new("Authorization", "Bearer " + token.Reveal())];

    public async Task<IntakeVerdict?> EnsureAsync(SecretMask mask, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (token is not null && now < renewAt)
        {
            mask.Hide(token);
            return null;
        }

        var exchange = new HttpExchange(tokenUrl.PathAndQuery, Encoding.UTF8.GetBytes(form(now)), "application/x-www-form-urlencoded");
        var posted = await endpoint.SendAsync(exchange, cancellationToken);
        if (!posted.TryGet(out var answer, out var fault))
        {
            return IntakeVerdict.Of(fault, settings.IntegrationName);
        }

        if (answer.Status == 200 && TryRead(answer.Body, now))
        {
            isFresh = true;
            mask.Hide(token!);
            return null;
        }

        var byTable = IntakeVerdict.Of(answer, settings.IntegrationName);
        return byTable.Outcome is DeliveryOutcome.Transient
            ? byTable
            : IntakeVerdict.Of(
                answer, settings.IntegrationName, HttpVerdict.Misconfigured, ErrorCategory.Authentication,
                $"the token endpoint {answer.Endpoint} returned no access token: HTTP {answer.Status}{(answer.IsHtml ? "" : " " + answer.Text)}.", advice);
    }

    public bool Forget()
    {
        var wasKept = token is not null && !isFresh;
        token = null;
        return wasKept;
    }

    public void Confirm() => isFresh = false;

    public void Dispose() => endpoint.Dispose();

    private bool TryRead(ReadOnlyMemory<byte> body, DateTimeOffset now)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("access_token", out var value) || value.GetString() is not { Length: > 0 } text
                || text.Any(char.IsControl))
            {
                return false;
            }

            var life = root.TryGetProperty("expires_in", out var seconds) && seconds.ValueKind == JsonValueKind.Number && seconds.TryGetInt32(out var number)
                ? TimeSpan.FromSeconds(number) : UsualLife;
            token = new Secret(text);
            renewAt = now + (life > Reserve * 2 ? life - Reserve : life / 2);
            return true;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return false;
        }
    }
}

/// <summary>Keeps the access token for a destination's requests.</summary>
internal interface IAccessTokens : IDisposable
{
    /// <summary>The header with the current token; empty if there is none.</summary>
    IReadOnlyList<KeyValuePair<string, string>> Headers { get; }

    /// <summary>Ensures that there is a token; null on success.</summary>
    Task<IntakeVerdict?> EnsureAsync(SecretMask mask, CancellationToken cancellationToken);

    /// <summary>After a 401: discards a cached token; false if it was new, so that another would not help.</summary>
    bool Forget();

    /// <summary>The token was accepted: a later 401 may mean that it expired early.</summary>
    void Confirm();
}
