using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;

namespace SiemForwarder.Service.Access;

/// <summary>Serves the current certificates from the configured PEM files: a renewed one takes effect within a second, without a restart.</summary>
/// <remarks>
/// The server's own watcher misses files replaced by switching a link, as Kubernetes does, or replaced while it reads. Files are checked
/// periodically instead. PKCS #12 files are left to the server.
/// </remarks>
internal sealed class ServerCertificates
{
    private readonly Dictionary<int, CertificateFiles> byPort = [];

    public ServerCertificates(IConfiguration configuration, TimeProvider time, ILogger<ServerCertificates> logger)
    {
        var standard = configuration.GetSection("Kestrel:Certificates:Default");
        foreach (var endpoint in configuration.GetSection("Kestrel:Endpoints").GetChildren())
        {
            var own = endpoint.GetSection("Certificate");
            var certificate = own.Exists() ? own : standard;
            if (endpoint["Url"] is { } url && url.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
                && certificate["Path"] is { } path && certificate["KeyPath"] is { } keyPath)
            {
                byPort[BindingAddress.Parse(url).Port] = new CertificateFiles(path, keyPath, certificate["Password"], time, logger);
            }
        }
    }

    /// <summary>Replaces the certificate that was read at startup with the current one.</summary>
    public void Apply(ConnectionContext connection, SslServerAuthenticationOptions options)
    {
        if (connection.LocalEndPoint is IPEndPoint local && byPort.TryGetValue(local.Port, out var files) && files.Find() is { } current)
        {
            (options.ServerCertificate, options.ServerCertificateSelectionCallback, options.ServerCertificateContext) = (null, null, current);
        }
    }
}

/// <summary>A certificate with its chain and its key, in two PEM files.</summary>
internal sealed partial class CertificateFiles(string path, string keyPath, string? password, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private SslStreamCertificateContext? current;
    private (FileState Certificate, FileState Key)? seen;
    private long lookedAt;

    /// <summary>The current certificate; if the files cannot be used, the last one; null before the first.</summary>
    public SslStreamCertificateContext? Find()
    {
        lock (gate)
        {
            if (current is null || time.GetElapsedTime(lookedAt) >= LookInterval)
            {
                lookedAt = time.GetTimestamp();
                Look();
            }

            return current;
        }
    }

    private void Look()
    {
        var state = (FileState.Of(path), FileState.Of(keyPath));
        if (state == seen)
        {
            return;
        }

        try
        {
            var certificate = password is null
                ? X509Certificate2.CreateFromPemFile(path, keyPath)
                : X509Certificate2.CreateFromEncryptedPemFile(path, password, keyPath);
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(path);
            current = SslStreamCertificateContext.Create(certificate, [.. chain.Skip(1)], offline: true);
            LogServed(path, certificate.NotAfter.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture));
        }
        catch (Exception exception) when (exception is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            // Certificate and key are replaced one after the other, and do not match in between.
            LogUnusable(path, keyPath, exception.Message);
        }

        seen = state;
    }

    [LoggerMessage(LogLevel.Information, "The certificate of {Path} is served; it expires at {ExpiresAt}.")]
    private partial void LogServed(string path, string expiresAt);

    [LoggerMessage(LogLevel.Warning, "The certificate of {Path} and {KeyPath} cannot be used: {Reason} The previous one is still served.")]
    private partial void LogUnusable(string path, string keyPath, string reason);
}
