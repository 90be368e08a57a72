using System.Net.Security;
using System.Text.Json.Nodes;
using SiemForwarder.Reliability.Bench;
using SiemForwarder.Reliability.Judging;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Reliability.Scenarios;

/// <summary>
/// TLS receivers whose certificate must not be trusted: nothing may be sent to them, and nothing is lost until they show the right one.
/// </summary>
internal static class TlsFaults
{
    public static IEnumerable<Scenario> All { get; } =
    [
        new("TLS certificate expired", "destination", "The receiver's certificate ran out yesterday.",
        (run, token) => ActAsync(run, Expired, token)),
        new("TLS certificate of another name", "destination", "The certificate is for another host.",
        (run, token) => ActAsync(run, WrongName, token)),
        new("TLS certificate of an unknown authority", "destination", "An authority that nobody told us of signed it.",
        (run, token) => ActAsync(run, Unknown, token)),
    ];

    private static SslServerAuthenticationOptions Expired(CertificateAuthority known, CertificateAuthority other) =>
        new() { ServerCertificate = known.IssueServer("127.0.0.1", TimeSpan.FromDays(-10), TimeSpan.FromDays(-1)) };

    private static SslServerAuthenticationOptions WrongName(CertificateAuthority known, CertificateAuthority other) =>
        new() { ServerCertificate = known.IssueServer("siem.example.com") };

    private static SslServerAuthenticationOptions Unknown(CertificateAuthority known, CertificateAuthority other) =>
        new() { ServerCertificate = other.IssueServer("127.0.0.1") };

    private static async Task ActAsync(
        ScenarioRun run, Func<CertificateAuthority, CertificateAuthority, SslServerAuthenticationOptions> bad,
        CancellationToken cancellationToken)
    {
        using var known = new CertificateAuthority("known", run.Clock);
        using var other = new CertificateAuthority("other", run.Clock);
        await run.StartServiceAsync(cancellationToken);
        var rendering = new RawRendering();
        var feed = new Feed("tls", run.NewArrivals(rendering), rendering, Receivers.TcpBatch);
        var receiver = run.Own(Receivers.StartTcp(feed, new TcpReceiverOptions { Tls = bad(known, other) }, 0));
        var port = receiver.Port;
        await run.AddIntegrationAsync(
            feed, $"tls://127.0.0.1:{port}", cancellationToken,
            new JsonObject { ["tls"] = new JsonObject { ["caCertificate"] = known.Pem } });
        run.Oracle.IssueBacklog(3000);
        await run.AddSourceAsync(cancellationToken);
        var refused = await run.UntilErrorAsync(feed, "certificate", TimeSpan.FromSeconds(30), cancellationToken);
        var leaked = feed.Arrivals.Count;
        await receiver.DisposeAsync();
        run.Own(Receivers.StartTcp(
            feed, new TcpReceiverOptions { Tls = new SslServerAuthenticationOptions { ServerCertificate = known.IssueServer("127.0.0.1") } }, port));
        run.Sometimes($"{receiver.Connections.Count} connections refused for their certificate, {leaked} events sent over them",
        refused && leaked == 0);
    }
}
