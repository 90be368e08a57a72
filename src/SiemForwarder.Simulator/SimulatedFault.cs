namespace SiemForwarder.Simulator;

/// <summary>A way in which a request can fail.</summary>
public abstract record SimulatedFault
{
    private SimulatedFault()
    {
    }

    /// <summary>A response from a proxy or from a server in trouble.</summary>
    /// <param name="Status">HTTP status.</param>
    /// <param name="ContentType">Media type of the body.</param>
    /// <param name="Body">Body.</param>
    /// <param name="RetryAfter">Value of <c>Retry-After</c>, or null.</param>
    /// <param name="Location">Value of <c>Location</c>, or null.</param>
    public sealed record Answer(int Status, string ContentType, string Body, string? RetryAfter = null, string? Location = null) : SimulatedFault;

    /// <summary>The request is read and never answered; the connection stays open until the client closes it.</summary>
    public sealed record Hang : SimulatedFault;

    /// <summary>The response announces more bytes than are sent; then the connection is cut.</summary>
    public sealed record Truncate(int SentBytes) : SimulatedFault;

    /// <summary>All tokens issued so far become invalid with this request.</summary>
    public sealed record ExpireTokens : SimulatedFault;

    /// <summary>The response of Keycloak 26 while it boots.</summary>
    public static SimulatedFault Booting { get; } = new Answer(503, "text/plain", "Bootstrap in progress. Retry in 1 seconds.", RetryAfter: "1");

    public static SimulatedFault ServerError { get; } = new Answer(500, "application/json", """{"error":"unknown_error"}""");

    public static SimulatedFault TooManyRequests { get; } = new Answer(429, "text/plain", "slow down", RetryAfter: "7");

    public static SimulatedFault ProxyPage { get; } = new Answer(502, "text/html", "<html><body><h1>502 Bad Gateway</h1></body></html>");

    /// <summary>A proxy's sign-in page with status 200.</summary>
    public static SimulatedFault LoginPage { get; } = new Answer(200, "text/html", "<!DOCTYPE html><html><body>Sign in</body></html>");

    public static SimulatedFault Redirect { get; } = new Answer(302, "text/html", "", Location: "https://login.example.com/");
}
