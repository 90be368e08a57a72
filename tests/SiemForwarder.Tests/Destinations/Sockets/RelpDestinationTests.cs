using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Sockets;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Destinations.Sockets;

public sealed class RelpDestinationTests : NetworkDestinationContract
{
    protected override string Scheme => "tcp";

    internal override IDestination Open(DestinationSettings settings) => RelpDestination.Kind.Open(settings, TimeProvider.System);

    internal override DeliveryBatch Batch(int count = 2) => SomeBatch.Syslog(count);

    [Fact]
    public async Task EveryMessageIsAcknowledgedOnOneConnection()
    {
        await using var receiver = RelpReceiver.Start(_ => "200 OK");
        await using var destination = Open(SomeSettings.For($"tcp://127.0.0.1:{receiver.Port}"));

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(300), Soon));
        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(SomeBatch.Of("<86>1 - - a - - - zwei\nZeilen"), Soon));

        Assert.Equal(1, receiver.Connections);
        Assert.Equal(301, receiver.Messages.Count);
        Assert.Equal("<86>1 - - a - - - zwei\nZeilen", receiver.Messages[^1]);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("serverclose")]
    public async Task OnlyWhatWasNotAcknowledgedIsSentAgain(string? end)
    {
        await using var receiver = RelpReceiver.Start(count => count == 150 ? end : "200 OK");
        await using var destination = Open(SomeSettings.For($"tcp://127.0.0.1:{receiver.Port}"));

        var outcome = Assert.IsType<DeliveryOutcome.Partial>(await destination.SendAsync(Batch(300), Soon));

        Assert.Empty(outcome.Refused);
        Assert.Equal(Enumerable.Range(149, 151), outcome.Retry);
    }

    [Fact]
    public async Task AMessageThatIsRefusedIsSentAgainAlone()
    {
        await using var receiver = RelpReceiver.Start(count => count == 150 ? "500 queue full" : "200 OK");
        await using var destination = Open(SomeSettings.For($"tcp://127.0.0.1:{receiver.Port}"));

        var outcome = Assert.IsType<DeliveryOutcome.Partial>(await destination.SendAsync(Batch(300), Soon));

        Assert.Empty(outcome.Refused);
        Assert.Equal([149], outcome.Retry);
        Assert.Contains("queue full", outcome.Answer);
        Assert.Equal(1, receiver.Connections);
    }

    [Fact]
    public async Task AMessageThatIsRefusedAgainAndAgainIsRejectedWithTheAnswer()
    {
        await using var receiver = RelpReceiver.Start(_ => "500 cannot parse");
        await using var destination = Open(SomeSettings.For($"tcp://127.0.0.1:{receiver.Port}"));

        for (var attempt = 1; attempt < 4; attempt++)
        {
            Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(Batch(1), Soon));
        }

        var rejected = Assert.IsType<DeliveryOutcome.Rejected>(await destination.SendAsync(Batch(1), Soon));
        Assert.Equal("500 cannot parse", rejected.Answer);
        AssertReadable(rejected.Reason);
    }

    [Fact]
    public async Task BesideOthersThatAreTakenItIsRefusedByItself()
    {
        string[] messages = [];
        await using var receiver = RelpReceiver.Start(_ => messages[^1].Contains("poison") ? "500 no" : "200 OK", message => messages = [message]);
        await using var destination = Open(SomeSettings.For($"tcp://127.0.0.1:{receiver.Port}"));
        var batch = SomeBatch.Of("<86>1 a", "<86>1 poison", "<86>1 b");

        Assert.Equal([1], Assert.IsType<DeliveryOutcome.Partial>(await destination.SendAsync(batch, Soon)).Retry);
        Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(batch.Slice(1, 1), Soon));
        Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(batch.Slice(1, 1), Soon));
        var outcome = Assert.IsType<DeliveryOutcome.Partial>(await destination.SendAsync(batch, Soon));

        Assert.Equal(1, Assert.Single(outcome.Refused).Index);
        Assert.Empty(outcome.Retry);
    }

    [Fact]
    public async Task AMessageThatIsTakenAfterAllIsForgotten()
    {
        await using var receiver = RelpReceiver.Start(count => count is 4 or 8 ? "200 OK" : "500 queue full");
        await using var destination = Open(SomeSettings.For($"tcp://127.0.0.1:{receiver.Port}"));

        for (var attempt = 1; attempt <= 8; attempt++)
        {
            var outcome = await destination.SendAsync(Batch(1), Soon);
            Assert.True(attempt % 4 == 0 ? outcome is DeliveryOutcome.Delivered : outcome is DeliveryOutcome.Transient, outcome.ToString());
        }
    }

    [Fact]
    public async Task AReceiverThatRefusesAndHangsUpKeepsNobodyWaitingForEver()
    {
        await using var receiver = RelpReceiver.Start(count => count % 2 == 1 ? "500 no" : null);
        await using var destination = Open(SomeSettings.For($"tcp://127.0.0.1:{receiver.Port}"));
        var batch = SomeBatch.Of("<86>1 a", "<86>1 b");

        DeliveryOutcome outcome;
        var attempts = 0;
        do
        {
            outcome = await destination.SendAsync(batch, Soon);
        }
        while (outcome is DeliveryOutcome.Transient && ++attempts < 10);

        Assert.IsType<DeliveryOutcome.Rejected>(outcome);
    }

    [Fact]
    public async Task AMessageOverTheLimitOfTheReceiverIsRefusedAndTheOthersAreTaken()
    {
        var length = 0;
        await using var receiver = RelpReceiver.Start(_ => length > 8192 ? "500 message too long" : "200 OK", message => length = message.Length);
        await using var destination = Open(SomeSettings.For($"tcp://127.0.0.1:{receiver.Port}"));
        var large = "<86>1 " + new string('x', 3_000_000);
        var batch = SomeBatch.Of("<86>1 a", large, "<86>1 b");

        var outcome = await destination.SendAsync(batch, Soon);
        for (var attempt = 2; attempt < 4; attempt++)
        {
            Assert.Equal([1], Assert.IsType<DeliveryOutcome.Partial>(outcome).Retry);
            outcome = await destination.SendAsync(batch, Soon);
        }

        var refused = Assert.Single(Assert.IsType<DeliveryOutcome.Partial>(await destination.SendAsync(batch, Soon)).Refused);
        Assert.Equal((1, "500 message too long"), (refused.Index, refused.Answer));
        Assert.Equal(large, receiver.Messages[1]);
    }

    [Fact]
    public async Task AnAnswerThatNeverEndsIsNoAcknowledgement()
    {
        await using var receiver = TcpSyslogReceiver.Start(new() { Greeting = "1 rsp 92 200 OK relp_version=0"u8.ToArray() });
        await using var destination = Open(SomeSettings.For($"tcp://127.0.0.1:{receiver.Port}", TimeSpan.FromMilliseconds(300)));

        var outcome = Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(Batch(), Soon));

        Assert.Equal(ErrorCategory.Timeout, outcome.Category);
        AssertReadable(outcome.Reason);
    }

    [Fact]
    public async Task AReceiverThatTakesNothingIsTransient()
    {
        await using var receiver = RelpReceiver.Start(_ => "500 disk full");
        await using var destination = Open(SomeSettings.For($"tcp://127.0.0.1:{receiver.Port}"));

        var outcome = Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(Batch(), Soon));

        Assert.Contains("disk full", outcome.Reason);
        AssertReadable(outcome.Reason);
    }

    [Fact]
    public async Task AClosedKeptConnectionIsOpenedAgain()
    {
        await using var receiver = RelpReceiver.Start(count => count == 2 ? null : "200 OK");
        await using var destination = Open(SomeSettings.For($"tcp://127.0.0.1:{receiver.Port}"));

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(1), Soon));
        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(1), Soon));

        Assert.Equal(2, receiver.Connections);
    }

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n")]
    [InlineData("220 mail ready for you and your kind of protocol, whatever this may be today\r\n")]
    public async Task AReceiverOfSomethingElseIsNamed(string greeting)
    {
        await using var receiver = TcpSyslogReceiver.Start(new() { Greeting = System.Text.Encoding.ASCII.GetBytes(greeting) });
        await using var destination = Open(SomeSettings.For($"tcp://127.0.0.1:{receiver.Port}"));

        Assert.Contains("does not speak RELP", Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batch(), Soon)).Reason);
    }

    [Fact]
    public async Task ATestShowsTheFrameAndTheAcknowledgement()
    {
        await using var receiver = RelpReceiver.Start(_ => "200 OK");
        await using var destination = Open(SomeSettings.For($"tcp://127.0.0.1:{receiver.Port}"));

        var report = await destination.TestAsync(SomeBatch.Of("<86>1 test"), Soon);

        Assert.True(report.Succeeded);
        Assert.Equal("2 syslog 10 <86>1 test\n", System.Text.Encoding.ASCII.GetString(report.Sent.Span));
        Assert.Equal("200 OK", System.Text.Encoding.ASCII.GetString(report.Received.Span));
    }
}
