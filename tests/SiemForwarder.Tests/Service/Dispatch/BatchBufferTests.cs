using System.Buffers;
using System.Text;
using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Service.Dispatch;

public sealed class BatchBufferTests
{
    [Fact]
    public void EventsStandSideBySideAndEachIsFoundAgain()
    {
        using var buffer = Buffer(10, 1000);

        Assert.All(["one", "", "three"], name => Assert.True(buffer.TryFormat(new ShownEvent(Some.LoginEvent(userName: name)))));

        var batch = buffer.ToBatch();
        Assert.Equal(["one", "", "three"], Texts(batch));
        Assert.Equal("onethree", Encoding.UTF8.GetString(batch.Bytes.Span));
        Assert.Equal("three", batch.Events[2].Subject!.Name);
    }

    [Fact]
    public void AnEventThatWouldMakeTheBatchTooLargeIsLeftForTheNext()
    {
        using var buffer = Buffer(10, 8);

        Assert.True(buffer.TryFormat(new ShownEvent(Some.LoginEvent(userName: "12345"))));
        Assert.False(buffer.TryFormat(new ShownEvent(Some.LoginEvent(userName: "6789"))));
        Assert.False(buffer.IsFull);
        Assert.Equal(["12345"], Texts(buffer.ToBatch()));
        buffer.Clear();
        Assert.True(buffer.TryFormat(new ShownEvent(Some.LoginEvent(userName: "6789"))));
        Assert.Equal(["6789"], Texts(buffer.ToBatch()));
    }

    [Fact]
    public void ALargerEventThanTheLimitGoesAlone()
    {
        using var buffer = Buffer(10, 8);
        var huge = new string('x', 200_000);

        Assert.True(buffer.TryFormat(new ShownEvent(Some.LoginEvent(userName: huge))));

        Assert.True(buffer.IsFull);
        Assert.Equal([huge], Texts(buffer.ToBatch()));
    }

    [Fact]
    public void WithoutPrivacyRulesAnEventIsTakenAsItIsAndNothingIsAllocatedForIt()
    {
        using var buffer = new BatchBuffer(EventFormatCatalog.Create(new OutputSettings(OutputType.Json, "native", null, 8192)), new BatchLimits(1000, 1_000_000));
        var one = Some.LoginEvent();
        for (var round = 0; round < 2; round++)
        {
            buffer.Clear();
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var number = 0; number < 500; number++)
            {
                buffer.TryFormat(new ShownEvent(one));
            }

            Assert.True(round == 0 || GC.GetAllocatedBytesForCurrentThread() == before);
        }

        Assert.Same(one, buffer.ToBatch().Events[499]);
    }

    [Fact]
    public void TheNumberOfEventsIsBounded()
    {
        using var buffer = Buffer(2, 1000);
        buffer.TryFormat(new ShownEvent(Some.LoginEvent(userName: "a")));
        Assert.False(buffer.IsFull);
        buffer.TryFormat(new ShownEvent(Some.LoginEvent(userName: "b")));
        Assert.True(buffer.IsFull);
    }

    private static BatchBuffer Buffer(int maxEvents, int maxBytes) => new(new NameFormatter(), new BatchLimits(maxEvents, maxBytes));

    private static IEnumerable<string> Texts(DeliveryBatch batch) => Enumerable.Range(0, batch.Count).Select(index => Encoding.UTF8.GetString(batch[index].Span));

    /// <summary>Writes the name of the subject and nothing else.</summary>
    private sealed class NameFormatter : IEventFormatter
    {
        public void Write(SecurityEvent securityEvent, IBufferWriter<byte> output) => output.Write(Encoding.UTF8.GetBytes(securityEvent.Subject!.Name!));
    }
}
