namespace SiemForwarder.Service.Commands;

/// <summary>The command <c>health</c>: asks the service on this machine whether it can do its work, for probes in images that hold no HTTP client.</summary>
internal static class HealthCommand
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(8);

    /// <summary>Exit code: 0 where the service is ready, 1 where it is not, does not answer, or listens on no http address.</summary>
    /// <param name="urls">Addresses that the service listens on, parted by semicolons as in ASPNETCORE_URLS; null for the default.</param>
    /// <param name="output">Where the answer is told.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<int> RunAsync(string? urls, TextWriter output, CancellationToken cancellationToken)
    {
        if (FindPort(urls ?? ForwarderHost.DefaultUrl) is not { } port)
        {
            await output.WriteLineAsync($"No http address to ask in ASPNETCORE_URLS ({urls}): add one, such as {ForwarderHost.DefaultUrl}.");
            return 1;
        }

        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = Bound };
        try
        {
            using var answer = await client.GetAsync(new Uri($"http://127.0.0.1:{port}/health/ready"), cancellationToken);
            await output.WriteLineAsync(await answer.Content.ReadAsStringAsync(cancellationToken));
            return answer.IsSuccessStatusCode ? 0 : 1;
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            await output.WriteLineAsync($"The service does not answer on port {port}: {exception.Message}");
            return 1;
        }
    }

    /// <summary>Port of the first http address.</summary>
    private static int? FindPort(string urls)
    {
        foreach (var url in urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (url.StartsWith("http://", StringComparison.OrdinalIgnoreCase))
            {
                return BindingAddress.Parse(url).Port;
            }
        }

        return null;
    }
}
