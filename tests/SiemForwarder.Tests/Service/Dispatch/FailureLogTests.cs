using Microsoft.Extensions.Logging;
using SiemForwarder.Connections;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.Telemetry;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Service.Dispatch;

/// <summary>A destination that fails is a line when it begins, a line a minute while it lasts, and a line when it ends.</summary>
public sealed class FailureLogTests
{
    private readonly TestClock clock = new();
    private readonly Lines lines = new();
    private readonly FailureLog log;

    public FailureLogTests() => log = new FailureLog("siem", new ForwarderTelemetry(lines), clock);

    [Fact]
    public void AFailureOfAnHourIsNotALineForEveryRound()
    {
        for (var second = 0; second < 3600; second += 5)
        {
            log.Failed(ErrorCategory.Connection, "refused.", TimeSpan.FromSeconds(5));
            clock.Advance(TimeSpan.FromSeconds(5));
        }

        log.Works();
        log.Works();

        Assert.Equal(1 + 59 + 1, lines.Written.Count);
        Assert.Equal("Warning Integration siem: round failed (Connection): refused. Everything is kept; next round in 00:00:05.", lines.Written[0]);
        Assert.Equal("Warning Integration siem has been failing for 00:01:00 (13 rounds), last (Connection): refused. Everything is kept.", lines.Written[1]);
        Assert.Equal("Information Integration siem delivers again; it failed for 01:00:00 (720 rounds).", lines.Written[^1]);
    }

    [Fact]
    public void AnotherReasonIsALineAtOnce()
    {
        log.Failed(ErrorCategory.Connection, "refused.", TimeSpan.FromSeconds(5));
        log.Failed(ErrorCategory.Connection, "refused again.", TimeSpan.FromSeconds(5));
        log.Failed(ErrorCategory.Authentication, "401.", TimeSpan.FromMinutes(1));

        Assert.Equal(2, lines.Written.Count);
        Assert.Contains("(Authentication): 401.", lines.Written[1], StringComparison.Ordinal);
    }

    private sealed class Lines : ILogger<ForwarderTelemetry>
    {
        public List<string> Written { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Written.Add($"{logLevel} {formatter(state, exception)}");
    }
}
