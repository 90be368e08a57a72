using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;

namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>Turns what the network throws into a failure with words for people.</summary>
internal static class ConnectionFaults
{
    /// <summary>How messages name the server of a source.</summary>
    public static string Of(KeycloakSource source) => $"Keycloak at {source.BaseUrl.ToString().TrimEnd('/')} (source '{source.Name}')";

    public static PollFailure Classify(KeycloakSource source, Exception fault) => fault switch
    {
        HttpRequestException { InnerException: ConnectFailedException failed } => Classify(source, failed.Fault),
        HttpRequestException or IOException => new PollFailure(
            ErrorCategory.Connection, $"The connection to {Of(source)} broke before the answer was complete: {Innermost(fault)}"),
        _ => new PollFailure(ErrorCategory.Internal, $"Unexpected fault while asking {Of(source)}: {fault.GetType().Name}: {fault.Message}"),
    };

    private static PollFailure Classify(KeycloakSource source, Fault fault) => new(fault.Category, fault.Category switch
    {
        ErrorCategory.NameResolution => $"The host name of source '{source.Name}' cannot be resolved: {fault.What} Check the base URL, the proxy and DNS.",
        ErrorCategory.Tls => $"No trusted TLS connection to {Of(source)}: {fault.What} {TrustAdvice(source)}",
        ErrorCategory.Configuration or ErrorCategory.Authentication => $"No connection to {Of(source)}: {fault.What} {fault.Advice}",
        _ => $"No connection to {Of(source)}: {fault.What} Check that the server runs and that host, port, proxy and firewall allow it.",
    });

    private static string TrustAdvice(KeycloakSource source) => source.Fingerprint is null
        ? "If the server's certificate comes from an authority of your own, put that authority's certificate into the source's CA certificate."
        : "Compare its fingerprint with that of the server; where the certificate was renewed, add the new one to the source's keycloak.fingerprint.";

    private static string Innermost(Exception fault)
    {
        while (fault.InnerException is { } inner)
        {
            fault = inner;
        }

        return fault.Message.EndsWith('.') ? fault.Message : fault.Message + ".";
    }
}
