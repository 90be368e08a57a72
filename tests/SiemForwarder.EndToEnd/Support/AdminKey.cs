using System.Security.Cryptography;

namespace SiemForwarder.EndToEnd.Support;

/// <summary>The key of an administrator that every service of a test run is given by a file.</summary>
internal static class AdminKey
{
    /// <summary>The key itself.</summary>
    public static string Value { get; } = RandomNumberGenerator.GetHexString(64, lowercase: true);

    /// <summary>Path of the file.</summary>
    public static string File { get; } = Write();

    /// <summary>A client that sends the key with every request but pushes, which have keys of their own.</summary>
    public static HttpClient NewClient(Uri address) => new(new Sender()) { BaseAddress = address };

    private static string Write()
    {
        var path = Path.Combine(Path.GetTempPath(), $"siemforwarder-admin-key-{Environment.ProcessId}");
        System.IO.File.WriteAllText(path, Value);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => System.IO.File.Delete(path);
        return path;
    }

    private sealed class Sender() : DelegatingHandler(new SocketsHttpHandler())
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var isPush = request.Method == HttpMethod.Post && request.RequestUri!.AbsolutePath.EndsWith("/events", StringComparison.Ordinal);
            if (!isPush && !request.Headers.Contains("X-API-Key") && request.Headers.Authorization is null)
            {
                request.Headers.Add("X-API-Key", Value);
            }

            return base.SendAsync(request, cancellationToken);
        }
    }
}
