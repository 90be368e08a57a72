using System.Buffers;
using SiemForwarder.Events.Formats;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Formats;

/// <summary>A formatter allocates nothing per event once its buffers have grown.</summary>
public sealed class FormatterAllocationTests
{
    public static TheoryData<string, int> Formats() => [.. FormatSettings.Names.SelectMany(name => new[] { (name, 8192), (name, 600) })];

    [Theory]
    [MemberData(nameof(Formats))]
    public void NothingIsAllocatedPerEvent(string format, int maxBytes)
    {
        var formatter = EventFormatCatalog.Create(FormatSettings.For(format, FormatSettings.AtLeast(format, maxBytes)) with { IncludeRepresentation = true });
        var events = RecordedEvents.Normalized("recorded-26.7.4")
            .Append(Some.LoginEvent(userName: "zoë 😀 | = ] \\ \r\n", ip: "::ffff:c000:201"))
            .Append(Some.LoginEvent(userName: "\u202Egnp.exe \U000E0041\uDB40"))
            .Append(Some.LoginEvent(userName: new string('x', 5000), ip: "2001:db8::1"))
            .ToArray();
        var output = new ArrayBufferWriter<byte>(1 << 20);
        WriteAll();
        WriteAll();

        // The runtime itself may allocate while it compiles a method anew; what is allocated per event is there in every round.
        var allocated = Enumerable.Range(0, 5).Min(_ =>
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            WriteAll();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        });

        Assert.True(allocated == 0, $"{allocated} bytes for {events.Length} events");

        void WriteAll()
        {
            for (var index = 0; index < events.Length; index++)
            {
                output.ResetWrittenCount();
                formatter.Write(events[index], output);
            }
        }
    }
}
