using Serilog;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Tests.Service.Telemetry;

/// <summary>The last entries of the log are kept, and no more than those.</summary>
public sealed class RecentLogTests
{
    [Fact]
    public void TheLastThousandEntriesAreKeptEachOfABoundedLength()
    {
        var recent = new RecentLog();
        using var log = new LoggerConfiguration().Enrich.With<SafeLog>().WriteTo.Sink(recent).CreateLogger();

        for (var number = 1; number <= 1100; number++)
        {
            log.Information("Entry {Number} is {Text}", number, number == 1100 ? new string('x', 5000) : "a\u001B[31m\nb");
        }

        Assert.Equal(1000, recent.Entries.Count);
        Assert.EndsWith(@" INF Entry 101 is a\u001B[31m\u000Ab", recent.Entries[0], StringComparison.Ordinal);
        Assert.Equal(2001, recent.Entries[^1].Length);
        Assert.All(recent.Entries, entry => Assert.DoesNotContain(entry, char.IsControl));
    }
}
