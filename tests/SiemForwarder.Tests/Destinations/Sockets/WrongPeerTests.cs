using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Sockets;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Destinations.Sockets;

/// <summary>Where the server URL of a syslog integration leads to something else, nothing counts as delivered, and the right receiver gets everything.</summary>
public sealed class WrongPeerTests : IDisposable
{
    private readonly CertificateAuthority authority = new("Test authority", TimeProvider.System);

    public static TheoryData<string, string> Banners() => new()
    {
        { "SSH-2.0-OpenSSH_9.9\r\n", "SSH" },
        { "220 mail.example.com ESMTP\r\n", "mail" },
        { "-ERR unknown command\r\n", "Redis" },
        { "* OK IMAP4rev1 ready\r\n", "mail" },
        { "\u0015\u0003\u0001\0\u0002\u0002F", "TLS" },
        { "1 rsp 6 500 no\n", "RELP" },
        { "<!DOCTYPE html><html>", "web server" },
        { "\u0001\u0002\u0003", "3 bytes" },
    };

    public void Dispose() => authority.Dispose();

    [Theory]
    [MemberData(nameof(Banners))]
    public async Task APeerThatSaysSomethingIsNamedAndTheRightOneGetsEverythingAfterwards(string banner, string name)
    {
        var wrong = TcpSyslogReceiver.Start(new() { Greeting = Encoding.Latin1.GetBytes(banner) });
        await using var destination = Open($"tcp://127.0.0.1:{wrong.Port}");
        var batch = SomeBatch.Syslog(3);

        for (var attempt = 0; attempt < 3; attempt++)
        {
            AssertWrong(await destination.SendAsync(batch, Soon), name);
        }

        await AssertRightGetsAllAsync(destination, wrong, batch);
    }

    [Theory]
    [InlineData(SyslogFraming.LineFeed)]
    [InlineData(SyslogFraming.OctetCounting)]
    public async Task ARealWebServerIsNamedLiveAsInATest(SyslogFraming framing)
    {
        await using var web = await StartWebServerAsync();
        await using var destination = Open($"tcp://127.0.0.1:{PortOf(web)}", framing);
        // Longer than the first line of a request may be: with counted frames there is no line end that would make the server answer.
        var batch = SomeBatch.Syslog(50, 600);

        AssertWrong(await destination.SendAsync(batch, Soon), "web server");
        var report = await destination.TestAsync(batch, Soon);

        Assert.Contains("web server", Assert.Single(report.Stages, stage => stage.Result == TestStageResult.Failed).Detail);
    }

    [Fact]
    public async Task AWebServerBehindTlsIsNamed()
    {
        await using var receiver = TcpSyslogReceiver.Start(new()
        {
            Tls = new() { ServerCertificate = authority.IssueServer("127.0.0.1") }, Greeting = "HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray(),
        });
        await using var destination = Open($"tls://127.0.0.1:{receiver.Port}");

        AssertWrong(await destination.SendAsync(SomeBatch.Syslog(2), Soon), "web server");
    }

    [Fact]
    public async Task ATlsServerGetsNothingInPlainTextThatCounts()
    {
        await using var receiver = TcpSyslogReceiver.Start(new() { Tls = new() { ServerCertificate = authority.IssueServer("127.0.0.1") } });
        await using var destination = Open($"tcp://127.0.0.1:{receiver.Port}");

        for (var attempt = 0; attempt < 3; attempt++)
        {
            Assert.IsNotType<DeliveryOutcome.Delivered>(await destination.SendAsync(SomeBatch.Syslog(2), Soon));
        }
    }

    [Fact]
    public async Task AnEchoIsNoReceiver()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var echoing = EchoAsync(listener);
        await using (var destination = Open($"tcp://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}"))
        {
            AssertWrong(await destination.SendAsync(SomeBatch.Syslog(2), Soon), "sends data back");
        }

        await echoing;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhatCountedBeforeThePeerObjectedIsSentAgainToTheRightOne(bool isIdle)
    {
        var wrong = new TcpListener(IPAddress.Loopback, 0);
        wrong.Start();
        var port = ((IPEndPoint)wrong.LocalEndpoint).Port;
        await using var destination = Open($"tcp://127.0.0.1:{port}");
        var sending = destination.SendAsync(SomeBatch.Syslog(5), Soon);
        using var peer = await wrong.AcceptTcpClientAsync(Soon);
        // A server that waits long for the end of a head, and then says that it never came.
        Assert.IsType<DeliveryOutcome.Delivered>(await sending);
        await peer.GetStream().ReadExactlyAsync(new byte[1000], Soon);
        await peer.GetStream().WriteAsync("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"u8.ToArray(), Soon);
        peer.Client.Shutdown(SocketShutdown.Send);
        DeliveryOutcome? outcome;
        var bound = Soon;
        do
        {
            bound.ThrowIfCancellationRequested();
            outcome = isIdle ? await destination.RecoverAsync(Soon) : await destination.SendAsync(SomeBatch.Syslog(0, from: 5), Soon);
        }
        while (outcome is null or DeliveryOutcome.Delivered);

        AssertWrong(outcome, "web server");
        wrong.Dispose();
        await using var right = TcpSyslogReceiver.Start(port: port);
        if (isIdle)
        {
            Assert.IsType<DeliveryOutcome.Delivered>(await destination.RecoverAsync(Soon));
        }

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(SomeBatch.Syslog(5, from: 5), Soon));
        await right.WaitForMessagesAsync(10, Soon);
        Assert.Equal(Texts(SomeBatch.Syslog(10)), right.Messages.Select(Encoding.UTF8.GetString));
    }

    [Fact]
    public async Task ASilentReceiverIsWaitedForOnceInTheLifeOfAConnection()
    {
        await using var receiver = TcpSyslogReceiver.Start();
        await using var destination = Open($"tcp://127.0.0.1:{receiver.Port}");
        await destination.SendAsync(SomeBatch.Syslog(1), Soon);
        var started = System.Diagnostics.Stopwatch.GetTimestamp();

        for (var number = 1; number <= 50; number++)
        {
            Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(SomeBatch.Syslog(1, from: number), Soon));
        }

        // Fifty waits of 0.4 s would be twenty seconds.
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(5));
        Assert.Single(receiver.Connections);
    }

    private static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromSeconds(20)).Token;

    private static void AssertWrong(DeliveryOutcome? outcome, string name)
    {
        var misconfigured = Assert.IsType<DeliveryOutcome.Misconfigured>(outcome);
        Assert.Equal(ErrorCategory.Configuration, misconfigured.Category);
        Assert.Contains(name, misconfigured.Reason);
        Assert.EndsWith(".", misconfigured.Reason);
        Assert.DoesNotContain(misconfigured.Reason, char.IsControl);
    }

    private static async Task AssertRightGetsAllAsync(IDestination destination, TcpSyslogReceiver wrong, DeliveryBatch batch)
    {
        var port = wrong.Port;
        await wrong.DisposeAsync();
        await using var right = TcpSyslogReceiver.Start(port: port);

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(batch, Soon));
        await right.WaitForMessagesAsync(batch.Count, Soon);

        Assert.Equal(Texts(batch), right.Messages.Select(Encoding.UTF8.GetString));
    }

    private static IEnumerable<string> Texts(DeliveryBatch batch) => Enumerable.Range(0, batch.Count).Select(index => Encoding.UTF8.GetString(batch[index].Span));

    private static async Task EchoAsync(TcpListener listener)
    {
        using var peer = await listener.AcceptTcpClientAsync(Soon);
        try
        {
            await peer.GetStream().CopyToAsync(peer.GetStream(), Soon);
        }
        catch (IOException)
        {
            peer.Close();
        }
    }

    private static async Task<WebApplication> StartWebServerAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var web = builder.Build();
        await web.StartAsync(Soon);
        return web;
    }

    private static int PortOf(WebApplication web) =>
        new Uri(web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;

    private IDestination Open(string url, SyslogFraming framing = SyslogFraming.LineFeed) => SyslogDestination.Kind.Open(
        SomeSettings.For(url) with { Framing = framing, Tls = url.StartsWith("tls", StringComparison.Ordinal) ? new TlsSettings(authority.Pem) : new TlsSettings() },
        TimeProvider.System);
}
