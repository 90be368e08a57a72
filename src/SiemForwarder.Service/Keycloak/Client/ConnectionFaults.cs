using System.Security.Authentication;
using System.Security.Cryptography;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;

namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>Turns what the network throws into a failure with words for people.</summary>
internal static class ConnectionFaults
{
    /// <summary>How messages name the server of a source.</summary>
    public static string Of(KeycloakSource source) => $"Keycloak at {source.BaseUrl.ToString().TrimEnd('/')} (source '{source.Name}')";

    public static PollFailure Classify(KeycloakSource source, Exception fault)
    {
        var server = Of(source);
        if (fault is ForbiddenAddressException or { InnerException: ForbiddenAddressException })
        {
            return new PollFailure(
                ErrorCategory.Configuration, $"No connection to {server}: {Innermost(fault)} Set the base URL to the address of Keycloak itself.");
        }

        return fault switch
        {
            CryptographicException => new PollFailure(
                ErrorCategory.Configuration,
                $"The CA certificate of source '{source.Name}' is not readable PEM: {fault.Message} Paste the certificate with its BEGIN and END lines."),
            HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => new PollFailure(
                ErrorCategory.NameResolution,
                $"The host name '{source.BaseUrl.Host}' of source '{source.Name}' cannot be resolved. Check the base URL and DNS."),
            HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } or AuthenticationException => new PollFailure(
                ErrorCategory.Tls,
                $"No trusted TLS connection to {server}: {Innermost(fault)} If the server's certificate comes from an authority of your own, put that "
                    + "authority's certificate into the source's CA certificate."),
            HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } => new PollFailure(
                ErrorCategory.Connection,
                $"No connection to {server}: {Innermost(fault)} Check that the server runs and that host, port and firewall allow it."),
            HttpRequestException or IOException => new PollFailure(
                ErrorCategory.Connection, $"The connection to {server} broke before the answer was complete: {Innermost(fault)}"),
            _ => new PollFailure(ErrorCategory.Internal, $"Unexpected fault while asking {server}: {fault.GetType().Name}: {fault.Message}"),
        };
    }

    private static string Innermost(Exception fault)
    {
        while (fault.InnerException is { } inner)
        {
            fault = inner;
        }

        return fault.Message.EndsWith('.') ? fault.Message : fault.Message + ".";
    }
}
