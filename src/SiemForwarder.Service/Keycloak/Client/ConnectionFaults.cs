using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;

namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>Turns network exceptions into failures with readable messages.</summary>
internal static class ConnectionFaults
{
    /// <summary>How messages name the server of a source.</summary>
    public static string Of(KeycloakSource source) => $"Keycloak at {source.BaseUrl.ToString().TrimEnd('/')} (source '{source.Name}')";

    public static PollFailure Classify(KeycloakSource source, Exception fault) => fault switch
    {
        HttpRequestException { InnerException: ConnectFailedException failed } => Classify(source, failed.Fault),
        HttpRequestException or IOException => new PollFailure(
            ErrorCategory.Connection, $"The connection to {Of(source)} broke before the response was complete: {Innermost(fault)}",
            "Check that the port is Keycloak's, and check its log if this repeats."),
        _ => new PollFailure(ErrorCategory.Internal, $"Unexpected fault during a request to {Of(source)}: {fault.GetType().Name}: {fault.Message}"),
    };

    /// <summary>The port requires TLS, but the request was plain text.</summary>
    public static PollFailure PlainToTls(KeycloakSource source) => new(
        ErrorCategory.Configuration, $"{Of(source)} expects TLS on this port, but the base URL starts with http://.",
        "Use https:// in the base URL, or the port on which Keycloak serves plain http.");

    private static PollFailure Classify(KeycloakSource source, Fault fault) => fault.Category switch
    {
        ErrorCategory.NameResolution => new PollFailure(
            fault.Category, $"The host name of source '{source.Name}' cannot be resolved: {fault.What}", "Check the base URL, the proxy and DNS."),
        ErrorCategory.Tls when fault.IsPlainPeer => new PollFailure(
            fault.Category, $"{Of(source)} does not serve TLS on this port, but the base URL starts with https://: {fault.What}",
            "Use http:// in the base URL, or the port on which Keycloak serves https."),
        ErrorCategory.Tls => new PollFailure(fault.Category, $"No trusted TLS connection to {Of(source)}: {fault.What}", TrustAdvice(source, fault)),
        ErrorCategory.Configuration or ErrorCategory.Authentication => new PollFailure(
            fault.Category, $"No connection to {Of(source)}: {fault.What}", fault.Advice),
        _ => new PollFailure(
            fault.Category, $"No connection to {Of(source)}: {fault.What}", "Check that the server is running, and check host, port, proxy and firewall."),
    };

    private static string TrustAdvice(KeycloakSource source, Fault fault) => source.Fingerprint is not null
        ? "Compare its fingerprint with that of the server; if the certificate was renewed, add the new fingerprint to the source's keycloak.fingerprint."
        : "If the server's certificate is issued by your own authority, add that authority's certificate to the source's CA certificate."
            + (fault.OfferedFingerprint is null ? ""
                : " To trust only this certificate, compare its fingerprint with the server's and put it into keycloak.fingerprint: "
                    + $"{fault.OfferedFingerprint}.");

    private static string Innermost(Exception fault)
    {
        while (fault.InnerException is { } inner)
        {
            fault = inner;
        }

        return fault.Message.EndsWith('.') ? fault.Message : fault.Message + ".";
    }
}
