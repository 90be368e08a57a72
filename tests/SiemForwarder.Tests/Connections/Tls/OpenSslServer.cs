using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using SiemForwarder.Simulator.Receivers;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Connections.Tls;

/// <summary>OpenSSL's own server, which answers a wrong client certificate with the alerts of the RFCs.</summary>
internal sealed class OpenSslServer : IAsyncDisposable
{
    private readonly DirectoryInfo folder;
    private readonly Process process;

    private OpenSslServer(DirectoryInfo folder, Process process, int port)
    {
        this.folder = folder;
        this.process = process;
        Port = port;
    }

    public int Port { get; }

    /// <summary>Starts it on a free loopback port; the test is skipped where there is no openssl.</summary>
    /// <param name="authority">Issues the server's certificate and is the one whose clients are accepted.</param>
    /// <param name="serverName">Name in the certificate.</param>
    /// <param name="arguments">What else to tell it: -tls1_3, -Verify 2 …</param>
    public static async Task<OpenSslServer> StartAsync(CertificateAuthority authority, string serverName, string arguments, CancellationToken cancellationToken)
    {
        Skip.Unless(File.Exists("/usr/bin/openssl"), "there is no openssl on this machine");
        var folder = Directory.CreateTempSubdirectory("siemforwarder-openssl");
        using var certificate = authority.IssueServer(serverName);
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "ca.pem"), authority.Pem, cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "server.pem"), certificate.ExportCertificatePem() + "\n" + certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem(), cancellationToken);
        var process = Process.Start(new ProcessStartInfo("/usr/bin/openssl", $"s_server -accept 127.0.0.1:0 -cert server.pem -CAfile ca.pem -verify_return_error {arguments}")
        {
            WorkingDirectory = folder.FullName,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.BeginErrorReadLine();
        while (await process.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.StartsWith("ACCEPT", StringComparison.Ordinal))
            {
                return new OpenSslServer(folder, process, int.Parse(line[(line.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture));
            }
        }

        throw new InvalidOperationException("openssl s_server did not start.");
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        folder.Delete(recursive: true);
    }
}
