using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Simulator.Receivers;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Destinations;

/// <summary>What every destination over a connection promises, whatever it speaks.</summary>
public abstract class NetworkDestinationContract : DestinationContract
{
    protected abstract string Scheme { get; }

    [Fact]
    public async Task ARefusedConnectionIsTransient()
    {
        await using var destination = Open(SomeSettings.For($"{Scheme}://127.0.0.1:{UnusedPort()}"));

        var outcome = Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(Batch(), Soon));

        Assert.Equal(ErrorCategory.Connection, outcome.Category);
        AssertReadable(outcome.Reason);
        Assert.Contains("refused", outcome.Reason);
    }

    [Fact]
    public async Task ANameThatDoesNotResolveIsTransient()
    {
        await using var destination = Open(SomeSettings.For($"{Scheme}://no-such-host.invalid:9"));

        var outcome = Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(Batch(), Soon));

        Assert.Equal(ErrorCategory.NameResolution, outcome.Category);
        AssertReadable(outcome.Reason);
        Assert.Contains("no-such-host.invalid", outcome.Reason);
    }

    [Theory]
    [InlineData("169.254.169.254")]
    [InlineData("[fd00:ec2::254]")]
    [InlineData("[::ffff:169.254.169.254]")]
    public async Task AMetadataAddressIsRefused(string host)
    {
        await using var destination = Open(SomeSettings.For($"{Scheme}://{host}:80"));

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batch(), Soon));

        Assert.Equal(ErrorCategory.Configuration, outcome.Category);
        AssertReadable(outcome.Reason);
        Assert.Contains("metadata", outcome.Reason);
    }

    [Fact]
    public async Task APeerThatTakesNothingIsGivenUpWithinTheTimeout()
    {
        await using var receiver = TcpSyslogReceiver.Start(new() { Conduct = TcpReceiverConduct.ReadNothing, ReceiveBufferBytes = 4096 });
        await using var destination = Open(SomeSettings.For($"{Scheme}://127.0.0.1:{receiver.Port}", TimeSpan.FromMilliseconds(500)));
        var started = Stopwatch.GetTimestamp();

        var outcome = Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(LargeBatch(), Soon));

        Assert.Equal(ErrorCategory.Timeout, outcome.Category);
        AssertReadable(outcome.Reason);
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.FromMilliseconds(400), TimeSpan.FromSeconds(15));
    }

    [Fact]
    public async Task AHostThatDropsPacketsIsGivenUpWithinTheTimeout()
    {
        Skip.Unless(OperatingSystem.IsLinux(), "only Linux drops connections to a listener whose queue is full");
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(0);
        using var first = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await first.ConnectAsync(listener.LocalEndPoint!, Soon);
        await using var destination = Open(SomeSettings.For($"{Scheme}://127.0.0.1:{((IPEndPoint)listener.LocalEndPoint!).Port}", TimeSpan.FromMilliseconds(400)));
        var started = Stopwatch.GetTimestamp();

        var outcome = Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(Batch(), Soon));

        Assert.Equal(ErrorCategory.Timeout, outcome.Category);
        AssertReadable(outcome.Reason);
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task CancellingEndsASendAtOnce()
    {
        await using var receiver = TcpSyslogReceiver.Start(new() { Conduct = TcpReceiverConduct.ReadNothing, ReceiveBufferBytes = 4096 });
        await using var destination = Open(SomeSettings.For($"{Scheme}://127.0.0.1:{receiver.Port}"));
        using var cancel = new CancellationTokenSource();

        var sending = destination.SendAsync(LargeBatch(), cancel.Token);
        await receiver.WaitUntilAsync(seen => seen.Connections.Count >= 1, Soon);
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
    }

    [Fact]
    public async Task AFaultOfTheNetworkShowsNoSecretOfTheSettings()
    {
        foreach (var host in new[] { $"127.0.0.1:{UnusedPort()}", "no-such-host.invalid:9", "169.254.169.254:80" })
        {
            await using var destination = Open(SomeSettings.For($"{Scheme}://user:{SecretText}@{host}") with
            {
                Authentication = new(AuthenticationType.Basic, "user", new Secret(SecretText), new Secret($"X-Key: {SecretText}"), new Secret(SecretText)),
            });

            var outcome = await destination.SendAsync(Batch(), Soon);
            var report = await destination.TestAsync(Batch(1), Soon);

            Assert.True(outcome is DeliveryOutcome.Transient or DeliveryOutcome.Misconfigured, outcome.ToString());
            Assert.False(report.Succeeded);
            Assert.DoesNotContain(SecretText, outcome + string.Join(' ', report.Stages), StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task ABatchThatIsCancelledBeforeItBeginsIsNotSent()
    {
        await using var receiver = TcpSyslogReceiver.Start();
        await using var destination = Open(SomeSettings.For($"{Scheme}://127.0.0.1:{receiver.Port}"));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => destination.SendAsync(Batch(), new CancellationToken(canceled: true)));
        Assert.All(receiver.Connections, connection => Assert.Empty(connection.Bytes));
    }

    [Fact]
    public async Task ATestOfADeadReceiverNamesTheStageAndWhatToDo()
    {
        await using var destination = Open(SomeSettings.For($"{Scheme}://127.0.0.1:{UnusedPort()}"));

        var report = await destination.TestAsync(Batch(1), Soon);

        Assert.False(report.Succeeded);
        Assert.Equal(
            [TestStageName.Resolve, TestStageName.Connect, TestStageName.Tls, TestStageName.Authentication, TestStageName.Acceptance],
            report.Stages.Select(stage => stage.Name));
        var failed = Assert.Single(report.Stages, stage => stage.Result == TestStageResult.Failed);
        Assert.Equal(TestStageName.Connect, failed.Name);
        Assert.False(string.IsNullOrEmpty(failed.Advice));
    }

    internal DeliveryBatch LargeBatch() => SomeBatch.OfBytes([.. Enumerable.Range(0, 1600).Select(_ => Batch(1).Bytes.ToArray().Concat(new byte[8000]).ToArray())]);

    protected static int UnusedPort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
