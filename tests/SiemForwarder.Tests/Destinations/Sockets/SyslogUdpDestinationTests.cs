using System.Net;
using System.Net.Sockets;
using System.Text;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Sockets;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Destinations.Sockets;

public sealed class SyslogUdpDestinationTests : DestinationContract
{
    internal override IDestination Open(DestinationSettings settings) => SyslogDestination.Kind.Open(settings, TimeProvider.System);

    internal override DeliveryBatch Batch(int count = 2) => SomeBatch.Syslog(count);

    [Theory]
    [InlineData("no-such-host.invalid", typeof(DeliveryOutcome.Transient), "no-such-host.invalid does not exist")]
    [InlineData("169.254.169.254", typeof(DeliveryOutcome.Misconfigured), "metadata")]
    [InlineData("[fd00:ec2::254]", typeof(DeliveryOutcome.Misconfigured), "metadata")]
    public async Task WhereNoDatagramCanGoIsSaidWithoutTheSecretsOfTheSettings(string host, Type expected, string said)
    {
        await using var destination = Open(SomeSettings.For($"udp://user:{SecretText}@{host}:514") with
        {
            Authentication = new(AuthenticationType.Basic, "user", new Secret(SecretText)),
        });

        var outcome = await destination.SendAsync(Batch(), Soon);
        var report = await destination.TestAsync(Batch(1), Soon);

        Assert.IsType(expected, outcome);
        AssertReadable(outcome is DeliveryOutcome.Transient transient ? transient.Reason : ((DeliveryOutcome.Misconfigured)outcome).Reason);
        Assert.Contains(said, outcome.ToString());
        Assert.False(report.Succeeded);
        Assert.DoesNotContain(SecretText, string.Join(' ', report.Stages));
    }

    [Fact]
    public async Task ABatchThatIsCancelledBeforeItBeginsIsNotSent()
    {
        await using var receiver = UdpSyslogReceiver.Start();
        await using var destination = Open(receiver.Port);
        await destination.SendAsync(SomeBatch.Of("<1>1 before"), Soon);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => destination.SendAsync(Batch(), new CancellationToken(canceled: true)));
        await destination.SendAsync(SomeBatch.Of("<1>1 after"), Soon);
        await receiver.WaitForDatagramsAsync(2, Soon);

        Assert.Equal(["<1>1 before", "<1>1 after"], receiver.Datagrams.Select(Encoding.UTF8.GetString));
    }

    [Fact]
    public async Task EveryMessageIsADatagramOfItsOwnWithoutTrailer()
    {
        await using var receiver = UdpSyslogReceiver.Start();
        await using var destination = Open(receiver.Port);

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(SomeBatch.Of("<1>1 a", "<1>1 Zoë\nb"), Soon));
        await receiver.WaitForDatagramsAsync(2, Soon);

        Assert.Equal(["<1>1 a", "<1>1 Zoë\nb"], receiver.Datagrams.Select(Encoding.UTF8.GetString));
    }

    [Fact]
    public async Task TheLargestDatagramGoesOut()
    {
        await using var receiver = UdpSyslogReceiver.Start();
        await using var destination = Open(receiver.Port);

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(SomeBatch.Of(new string('x', 65_507)), Soon));
        await receiver.WaitForDatagramsAsync(1, Soon);

        Assert.Equal(65_507, receiver.Datagrams[0].Length);
    }

    [Fact]
    public async Task AnEventTooLargeForADatagramIsRejected()
    {
        await using var receiver = UdpSyslogReceiver.Start();
        await using var destination = Open(receiver.Port);

        var outcome = Assert.IsType<DeliveryOutcome.Rejected>(await destination.SendAsync(SomeBatch.Of(new string('x', 65_508)), Soon));

        Assert.Contains("65507", outcome.Reason);
        Assert.Contains("tcp://", outcome.Reason);
    }

    [Fact]
    public async Task AnEventTooLargeForADatagramDoesNotKeepTheOthersBack()
    {
        await using var receiver = UdpSyslogReceiver.Start();
        await using var destination = Open(receiver.Port);

        var outcome = Assert.IsType<DeliveryOutcome.Partial>(await destination.SendAsync(SomeBatch.Of("a", new string('x', 70_000), "c"), Soon));
        await receiver.WaitForDatagramsAsync(2, Soon);

        Assert.Equal(1, Assert.Single(outcome.Refused).Index);
        Assert.Empty(outcome.Retry);
        Assert.Equal(["a", "c"], receiver.Datagrams.Select(Encoding.UTF8.GetString));
    }

    [Fact]
    public async Task APortThatNobodyListensOnShowsAtTheNextDatagram()
    {
        await using var destination = Open(UnusedPort());

        DeliveryOutcome outcome;
        do
        {
            outcome = await destination.SendAsync(SomeBatch.Syslog(10), Soon);
        }
        while (outcome is DeliveryOutcome.Delivered);

        Assert.Equal(ErrorCategory.Connection, Assert.IsType<DeliveryOutcome.Transient>(outcome).Category);
    }

    [Fact]
    public async Task ATestSaysPlainlyThatDeliveryIsNotConfirmed()
    {
        await using var receiver = UdpSyslogReceiver.Start();
        await using var destination = Open(receiver.Port);

        var report = await destination.TestAsync(SomeBatch.Of("<1>1 test"), Soon);
        await receiver.WaitForDatagramsAsync(1, Soon);

        Assert.True(report.Succeeded);
        Assert.Contains("does not confirm delivery", report.Stages[^1].Detail);
        Assert.Equal("<1>1 test"u8, report.Sent.Span);
    }

    [Fact]
    public async Task ATestSaysWhereNobodyListens()
    {
        await using var destination = Open(UnusedPort());

        var report = await destination.TestAsync(SomeBatch.Of("<1>1 test"), Soon);

        Assert.False(report.Succeeded);
        Assert.Contains("nothing is listening", report.Stages[^1].Detail);
    }

    private static int UnusedPort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private IDestination Open(int port) => Open(SomeSettings.For($"udp://127.0.0.1:{port}"));
}
