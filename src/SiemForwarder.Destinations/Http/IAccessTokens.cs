namespace SiemForwarder.Destinations.Http;

/// <summary>Keeps the access token that requests of a destination carry.</summary>
internal interface IAccessTokens : IDisposable
{
    /// <summary>The header with the token in force; empty where there is none.</summary>
    IReadOnlyList<KeyValuePair<string, string>> Headers { get; }

    /// <summary>Makes sure that there is a token; null where there is one.</summary>
    Task<IntakeVerdict?> EnsureAsync(SecretMask mask, CancellationToken cancellationToken);

    /// <summary>After a 401: forgets a token that was kept; false where it was new, so that another one would help no more.</summary>
    bool Forget();

    /// <summary>The token was taken: a later 401 may mean that it ended early.</summary>
    void Confirm();
}
