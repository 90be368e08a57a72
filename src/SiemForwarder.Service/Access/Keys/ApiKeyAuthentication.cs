using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Access.Keys;

/// <summary>Authenticates callers by API key.</summary>
internal sealed class ApiKeyAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder, ApiKeyJudge judge)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    public const string SchemeName = "ApiKey";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (ApiKeyText.Given(Request) is not { } given || (IsOwn && !given.StartsWith(ApiKeyText.Prefix, StringComparison.Ordinal)))
        {
            return AuthenticateResult.NoResult();
        }

        var (caller, refusal) = await judge.JudgeAsync(given, Context.Connection.RemoteIpAddress, Context.RequestAborted);
        if (caller is not null)
        {
            return AuthenticateResult.Success(new AuthenticationTicket(caller.ToPrincipal(Scheme.Name), Scheme.Name));
        }

        Context.Features.Set(refusal);
        return AuthenticateResult.Fail(refusal!.Title);
    }

    private bool IsOwn => Context.GetEndpoint()?.Metadata.GetMetadata<OwnCredentials>() is not null;
}

/// <summary>Checks API keys.</summary>
internal sealed class ApiKeyJudge(
    ApiKeyDirectory keys, ApiKeyTable table, AdminKeyFile file, GuessingGuard guard, ForwarderTelemetry telemetry, TimeProvider time)
{
    private static readonly TimeSpan UseInterval = TimeSpan.FromMinutes(1);

    private static readonly Caller OfFile = new("key", "file", "admin key file", [Roles.Admin]);

    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, DateTimeOffset> uses = new();

    /// <summary>The owner of a key, or why the key is rejected.</summary>
    /// <exception cref="Npgsql.NpgsqlException">The database cannot be reached.</exception>
    public async Task<(Caller? Caller, AccessRefusal? Refusal)> JudgeAsync(string given, System.Net.IPAddress? address, CancellationToken cancellationToken)
    {
        var isOurs = ApiKeyText.TryRead(given, out var id, out var secret);
        if (guard.FindWait(address, id) is { } wait)
        {
            return (null, AccessRefusal.Locked(wait));
        }

        if (file.Matches(given))
        {
            return (OfFile, null);
        }

        var now = time.GetUtcNow();
        var key = isOurs ? await keys.FindAsync(id!, one => one.Matches(secret!, now)) : null;
        // An unknown id takes as long as a wrong secret, so that timing does not reveal which ids exist.
        var isRight = key is null ? SecretHash.OfNothing.Matches(secret ?? "") : key.Matches(secret!, now);
        if (key is null || !isRight)
        {
            if (guard.NoteWrong(address, key?.Id))
            {
                telemetry.AddressLocked(address?.ToString() ?? "an unknown address");
            }

            return (null, AccessRefusal.Unknown("The API key is unknown: it is mistyped, or its secret was rotated."));
        }

        if (key.RevokedAt is { } revokedAt)
        {
            return (null, AccessRefusal.Unknown($"The API key '{key.Name}' was revoked at {revokedAt:O}. Ask an administrator for another."));
        }

        if (key.ExpiresAt <= now)
        {
            return (null, AccessRefusal.Unknown($"The API key '{key.Name}' expired at {key.ExpiresAt:O}. Ask an administrator for another."));
        }

        guard.NoteRight(address, key.Id);
        await NoteUseAsync(key, now, cancellationToken);
        return (new Caller("key", key.Id, key.Name, [key.Role], key.SourceId), null);
    }

    /// <summary>What a session remembers of a key that was judged right: it is worth nothing without the session, and changes with the secret.</summary>
    public async Task<string> StampAsync(Caller caller, string given) => caller.Id == OfFile.Id ? AdminKeyFile.StampOf(given)
        : ApiKeyText.TryRead(given, out var id, out var secret) && await keys.FindAsync(id, _ => true) is { } key ? key.StampFor(secret, time.GetUtcNow()) : "";

    /// <summary>The owner of a key that a session was begun with; null if the key is not valid any more.</summary>
    /// <exception cref="Npgsql.NpgsqlException">The database cannot be reached.</exception>
    public async Task<Caller?> RecallAsync(string id, string stamp)
    {
        if (id == OfFile.Id)
        {
            return file.HasStamp(stamp) ? OfFile : null;
        }

        var now = time.GetUtcNow();
        return await keys.FindAsync(id, one => one.HasStamp(stamp, now)) is { RevokedAt: null } key && key.HasStamp(stamp, now) && !(key.ExpiresAt <= now)
            ? new Caller("key", key.Id, key.Name, [key.Role], key.SourceId) : null;
    }

    private async Task NoteUseAsync(ApiKey key, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var before = uses.GetValueOrDefault(key.Id, key.LastUsedAt ?? DateTimeOffset.MinValue);
        if (now - before < UseInterval || !(uses.TryGetValue(key.Id, out var noted) ? uses.TryUpdate(key.Id, now, noted) : uses.TryAdd(key.Id, now)))
        {
            return;
        }

        try
        {
            await table.NoteUseAsync(key.Id, cancellationToken);
        }
        catch (Exception exception) when (DatabaseFault.IsDatabase(exception))
        {
            // Recording the last use must not prevent the use of a key.
            telemetry.DatabaseUnavailable(exception);
        }
    }
}
