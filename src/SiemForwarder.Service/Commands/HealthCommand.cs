using System.Globalization;
using System.Net;
using System.Net.Sockets;
using SiemForwarder.Service.Access;

namespace SiemForwarder.Service.Commands;

/// <summary>The command <c>health</c>: asks the service on this machine whether it is ready, for probes in images without an HTTP client.</summary>
internal static class HealthCommand
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(8);

    /// <summary>Exit code: 0 if the service is ready, 1 if it is not or does not respond.</summary>
    /// <param name="args">The options that the service was started with, if any.</param>
    /// <param name="output">Receives the response.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    public static async Task<int> RunAsync(string[] args, TextWriter output, CancellationToken cancellationToken)
    {
        // Only the service itself knows its command line.
        var configuration = ForwarderHost.CreateBuilder(args).Configuration;
        var folder = configuration[$"{ForwarderOptions.Section}:{nameof(ForwarderOptions.DataFolder)}"] ?? new ForwarderOptions().DataFolder;
        var told = args.Length == 0 ? ListeningFile.Read(folder) : [];
        var given = configuration[$"{AccessOptions.Section}:{nameof(AccessOptions.ProbePort)}"];
        var probePort = int.TryParse(given, CultureInfo.InvariantCulture, out var port) ? port : (int?)null;
        return await AskAsync(told.Count > 0 ? told : Listening.Urls(configuration), probePort, output, cancellationToken);
    }

    /// <summary>Asks the service on the most suitable of its addresses.</summary>
    /// <param name="urls">As in ASPNETCORE_URLS.</param>
    /// <param name="probePort">The only port that serves probes; null for any.</param>
    /// <param name="output">Receives the response.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    public static async Task<int> AskAsync(IEnumerable<string> urls, int? probePort, TextWriter output, CancellationToken cancellationToken)
    {
        var addresses = urls.Select(BindingAddress.Parse).ToList();
        var address = addresses.OrderByDescending(one => !one.IsUnixPipe && one.Port == probePort).ThenBy(one => one.Scheme != "http").First();
        var place = address.IsUnixPipe ? address.UnixPipePath : $"port {address.Port}";
        using var client = new HttpClient(Handler(address)) { Timeout = Bound };
        try
        {
            using var answer = await client.GetAsync(
                new Uri($"{address.Scheme}://{(address.IsUnixPipe ? "localhost" : $"{Host(address.Host)}:{address.Port}")}/health/ready"), cancellationToken);
            await output.WriteLineAsync(await answer.Content.ReadAsStringAsync(cancellationToken));
            return answer.IsSuccessStatusCode ? 0 : 1;
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            await output.WriteLineAsync($"The service does not respond on {place}: {exception.Message}");
            return 1;
        }
    }

    private static SocketsHttpHandler Handler(BindingAddress address)
    {
        var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false };
        // The service runs on this machine, and its certificate does not name this address; nothing secret is exchanged.
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null;
        if (address.IsUnixPipe)
        {
            handler.ConnectCallback = async (_, token) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(address.UnixPipePath), token);
                return new NetworkStream(socket, ownsSocket: true);
            };
        }

        return handler;
    }

    // A name or wildcard stands for all addresses of the machine.
    private static string Host(string host) =>
        !IPAddress.TryParse(host, out var address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) ? "127.0.0.1" : host;
}
