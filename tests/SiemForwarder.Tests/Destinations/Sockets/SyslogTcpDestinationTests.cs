using System.Buffers;
using System.Text;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Sockets;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Destinations.Sockets;

public sealed class SyslogTcpDestinationTests : NetworkDestinationContract
{
    protected override string Scheme => "tcp";

    internal override IDestination Open(DestinationSettings settings) => SyslogDestination.Kind.Open(settings, TimeProvider.System);

    internal override DeliveryBatch Batch(int count = 2) => SomeBatch.Syslog(count);

    [Theory]
    [InlineData(SyslogFraming.OctetCounting, "5 <1>1a5 <1>1b")]
    [InlineData(SyslogFraming.LineFeed, "<1>1a\n<1>1b\n")]
    public async Task EveryByteArrivesAsFramed(SyslogFraming framing, string expected)
    {
        await using var receiver = TcpSyslogReceiver.Start();
        await using var destination = OpenTo(receiver, framing);

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(SomeBatch.Of("<1>1a", "<1>1b"), Soon));
        await receiver.WaitForMessagesAsync(2, Soon);

        Assert.Equal(expected, Encoding.UTF8.GetString(Assert.Single(receiver.Connections).Bytes));
    }

    [Fact]
    public async Task BatchesShareOneConnectionThatIsClosedInOrder()
    {
        await using var receiver = TcpSyslogReceiver.Start();
        var destination = OpenTo(receiver);
        for (var number = 0; number < 3; number++)
        {
            Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(SomeBatch.Syslog(5, from: number * 5), Soon));
        }

        await destination.DisposeAsync();
        await receiver.WaitUntilAsync(seen => seen.Connections[0].EndedInOrder, Soon);

        Assert.Single(receiver.Connections);
        Assert.Equal(15, receiver.Messages.Count);
    }

    [Fact]
    public async Task AConnectionThatThePeerClosedWhileIdleIsReplacedBeforeAnythingIsWritten()
    {
        await using var receiver = TcpSyslogReceiver.Start();
        await using var destination = OpenTo(receiver);
        await destination.SendAsync(SomeBatch.Syslog(1), Soon);
        await receiver.WaitForMessagesAsync(1, Soon);
        receiver.Connections[0].Finish();

        var outcome = await destination.SendAsync(SomeBatch.Syslog(1, from: 1), Soon);
        await receiver.WaitForMessagesAsync(2, Soon);

        Assert.IsType<DeliveryOutcome.Delivered>(outcome);
        Assert.Equal(2, receiver.Connections.Count);
        Assert.Single(SyslogStream.Split(receiver.Connections[1].Bytes).Messages);
    }

    [Fact]
    public async Task WhatAPeerThatReadsNothingHasNotAcknowledgedIsNotDelivered()
    {
        await using var receiver = TcpSyslogReceiver.Start(new() { Conduct = TcpReceiverConduct.ReadNothing, ReceiveBufferBytes = 4096 });
        await using var destination = OpenTo(receiver, timeout: TimeSpan.FromMilliseconds(300));

        // Small enough for the kernel's own send buffer: the write itself succeeds at once.
        var outcome = Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(SomeBatch.Syslog(100, 600), Soon));

        Assert.Equal(ErrorCategory.Timeout, outcome.Category);
        Assert.Contains("acknowledge", outcome.Reason);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhatStoodUnreadWhenThePeerResetTheConnectionIsSentAgainInOrderAndTheAnswerSaysSo(bool isIdle)
    {
        var hung = TcpSyslogReceiver.Start(new() { Conduct = TcpReceiverConduct.ReadNothing });
        await using var destination = OpenTo(hung);
        for (var number = 0; number < 3; number++)
        {
            Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(SomeBatch.Syslog(5, from: number * 5), Soon));
        }

        var port = hung.Port;
        hung.Connections[0].Reset();
        await hung.DisposeAsync();
        await using var receiver = TcpSyslogReceiver.Start(port: port);
        if (isIdle)
        {
            Assert.IsType<DeliveryOutcome.Delivered>(await destination.RecoverAsync(Soon));
            await receiver.WaitForMessagesAsync(15, Soon);
        }

        var outcome = Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(SomeBatch.Syslog(5, from: 15), Soon));
        await receiver.WaitForMessagesAsync(20, Soon);

        Assert.Contains("to send 15 events (", outcome.Answer, StringComparison.Ordinal);
        Assert.Equal(
            Enumerable.Range(0, 4).SelectMany(number => Texts(SomeBatch.Syslog(5, from: number * 5))), receiver.Messages.Select(Encoding.UTF8.GetString));
        Assert.DoesNotContain("again", Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(SomeBatch.Syslog(1), Soon)).Answer, StringComparison.Ordinal);
        Assert.Null(await destination.RecoverAsync(Soon));
    }

    [Fact]
    public void TheWindowKeepsTheNewestBatchesUpToItsSize()
    {
        using var window = new ResendWindow(250, ResendBudget.Unlimited);
        foreach (var batch in Enumerable.Range(0, 10))
        {
            var array = ArrayPool<byte>.Shared.Rent(100);
            array[0] = (byte)batch;
            window.Remember(array, 100, 2);
        }

        Assert.Equal([7, 8, 9], window.Batches.Select(batch => (int)batch.Span[0]));
        Assert.Equal((300, 6), (window.Bytes, window.Events));
        using var none = new ResendWindow(0, ResendBudget.Unlimited);
        none.Remember(ArrayPool<byte>.Shared.Rent(10), 10, 1);
        Assert.Empty(none.Batches);
    }

    private static IEnumerable<string> Texts(DeliveryBatch batch) => Enumerable.Range(0, batch.Count).Select(index => Encoding.UTF8.GetString(batch[index].Span));

    [Fact]
    public async Task AResetWithABacklogIsNotDelivered()
    {
        await using var receiver = TcpSyslogReceiver.Start(new() { Conduct = TcpReceiverConduct.ReadNothing, ReceiveBufferBytes = 4096 });
        await using var destination = OpenTo(receiver);

        var sending = destination.SendAsync(SomeBatch.Syslog(100, 600), Soon);
        await receiver.WaitUntilAsync(seen => seen.Connections.Count == 1, Soon);
        receiver.Connections[0].Reset();

        var outcome = Assert.IsType<DeliveryOutcome.Transient>(await sending);
        Assert.Equal(ErrorCategory.Connection, outcome.Category);
    }

    [Fact]
    public async Task WhatANewPeersSystemTookAndItsProgramThrewAwayIsNotDelivered()
    {
        await using var receiver = TcpSyslogReceiver.Start(new() { Conduct = TcpReceiverConduct.ResetAtFirstBytes });
        await using var destination = OpenTo(receiver);

        for (var attempt = 0; attempt < 5; attempt++)
        {
            Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(SomeBatch.Syslog(3), Soon));
        }
    }

    [Theory]
    [InlineData(SyslogFraming.OctetCounting)]
    [InlineData(SyslogFraming.LineFeed)]
    public async Task APeerThatClosesAfterEachMessageNeverMakesABatchDeliveredThatItDidNotTake(SyslogFraming framing)
    {
        await using var receiver = TcpSyslogReceiver.Start(new() { Conduct = TcpReceiverConduct.CloseAfterEachMessage, ReceiveBufferBytes = 4096 });
        await using var destination = OpenTo(receiver, framing);

        for (var attempt = 0; attempt < 5; attempt++)
        {
            Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(SomeBatch.Syslog(400, 600), Soon));
        }

        Assert.All(receiver.Connections, connection => Assert.StartsWith("n=00000000", Payload(connection)));
    }

    [Theory]
    [InlineData(TcpReceiverConduct.CloseAfterEachMessage)]
    [InlineData(TcpReceiverConduct.CloseAtOnce)]
    public async Task APeerThatClosesAtOnceHasNotTakenWhatItRead(TcpReceiverConduct conduct)
    {
        await using var receiver = TcpSyslogReceiver.Start(new() { Conduct = conduct });
        await using var destination = OpenTo(receiver);
        for (var attempt = 0; attempt < 3; attempt++)
        {
            var outcome = Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(SomeBatch.Syslog(1), Soon));

            Assert.Equal(ErrorCategory.Connection, outcome.Category);
            AssertReadable(outcome.Reason);
        }
    }

    [Fact]
    public async Task ACancelledBatchIsNeverContinuedOnTheNextConnection()
    {
        await using var receiver = TcpSyslogReceiver.Start(new() { Conduct = TcpReceiverConduct.ReadNothing, ReceiveBufferBytes = 4096 });
        await using var destination = OpenTo(receiver, timeout: TimeSpan.FromMilliseconds(300));
        using var cancel = new CancellationTokenSource();
        var sending = destination.SendAsync(LargeBatch(), cancel.Token);
        await receiver.WaitUntilAsync(seen => seen.Connections.Count == 1, Soon);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(SomeBatch.Syslog(1), Soon));

        Assert.Equal(2, receiver.Connections.Count);
    }

    [Fact]
    public async Task AReceiverThatComesBackIsReachedAgain()
    {
        var receiver = TcpSyslogReceiver.Start();
        var port = receiver.Port;
        await using var destination = OpenTo(receiver);
        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(SomeBatch.Syslog(1), Soon));
        await receiver.DisposeAsync();

        Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(SomeBatch.Syslog(1), Soon));
        await using var again = TcpSyslogReceiver.Start(port: port);

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(SomeBatch.Syslog(1), Soon));
    }

    private static string Payload(ReceivedConnection connection)
    {
        var text = Text(SyslogStream.Split(connection.Bytes).Messages[0]);
        return text[text.IndexOf("n=", StringComparison.Ordinal)..];
    }

    private static string Text(byte[] message) => Encoding.UTF8.GetString(message);

    private IDestination OpenTo(TcpSyslogReceiver receiver, SyslogFraming framing = SyslogFraming.LineFeed, TimeSpan? timeout = null) =>
        Open(SomeSettings.For($"tcp://127.0.0.1:{receiver.Port}", timeout) with { Framing = framing });
}
