using System.Text;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Sockets;

namespace SiemForwarder.Tests.Destinations.Sockets;

public sealed class SyslogFramesTests
{
    [Fact]
    public void OctetCountingCountsBytesAndKeepsLineBreaks()
    {
        using var frames = new SyslogFrames(SyslogFraming.OctetCounting);

        var framed = frames.Frame(SomeBatch.Of("<86>1 a\nb", "Zoë"));

        Assert.Equal("9 <86>1 a\nb4 Zoë", Encoding.UTF8.GetString(framed.Span));
    }

    [Fact]
    public void ALineBreakInsideAMessageCannotBeginAnotherMessage()
    {
        using var frames = new SyslogFrames(SyslogFraming.LineFeed);

        var framed = frames.Frame(SomeBatch.Of("<86>1 a\r\n<0>1 forged", "{\"a\":1}"));

        Assert.Equal("<86>1 a  <0>1 forged\n{\"a\":1}\n", Encoding.UTF8.GetString(framed.Span));
    }

    [Fact]
    public void ASmallBatchAfterALargeOneHasNothingOfIt()
    {
        using var frames = new SyslogFrames(SyslogFraming.LineFeed);
        frames.Frame(SomeBatch.Of(new string('x', 6 * 1024 * 1024)));

        Assert.Equal("y\n", Encoding.UTF8.GetString(frames.Frame(SomeBatch.Of("y")).Span));
    }

    [Theory]
    [InlineData(SyslogFraming.LineFeed)]
    [InlineData(SyslogFraming.OctetCounting)]
    public void FramingAllocatesNothingOnceWarm(SyslogFraming framing)
    {
        using var frames = new SyslogFrames(framing);
        var batch = SomeBatch.Syslog(1000, 600);
        frames.Frame(batch);
        var before = GC.GetAllocatedBytesForCurrentThread();

        frames.Frame(batch);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
