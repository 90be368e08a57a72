using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Extensions.Logging;
using Serilog.Formatting.Display;
using SiemForwarder.Connections;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Tests.Service.Telemetry;

/// <summary>What the log writes of hostile values and exceptions, by the template of the service.</summary>
public sealed class SafeLogTests
{
    private const string Template = "{Timestamp:yyyy-MM-ddTHH:mm:ss.fffzzz} {Level:u3} {Message:lj}{NewLine}{Exception}";
    private const string Forged = "x\r\n2026-01-01T00:00:00.000+00:00 FTL forged\u001b[31m\u009b\u007f\u2028\u2029\u0085\u202e\u2066y";

    [Fact]
    public void AValueStaysOnItsLine()
    {
        var output = Write(log => log.LogWarning("Source {Source}: {Values} {Where}", Forged, new[] { Forged }, new Dictionary<string, object> { [Forged] = Forged }));

        var line = Assert.Single(output.TrimEnd('\n').Split('\n'));
        AssertSafe(line);
        Assert.Contains(@"Source x\u000D\u000A2026", line, StringComparison.Ordinal);
    }

    [Fact]
    public void AnExceptionForgesNoEntry()
    {
        var output = Write(log =>
        {
            try
            {
                throw new InvalidOperationException(Forged, new IOException(Forged));
            }
            catch (InvalidOperationException exception)
            {
                log.LogError(exception, "It failed.");
            }
        });

        Assert.Contains("System.InvalidOperationException: x", output, StringComparison.Ordinal);
        Assert.Contains("   at SiemForwarder", output, StringComparison.Ordinal);
        Assert.Single(output.Split('\n'), line => line.StartsWith("20", StringComparison.Ordinal));
        Assert.All(output.Split('\n'), AssertSafe);
    }

    [Fact]
    public void WhatIsHarmlessIsWrittenAsEver()
    {
        var output = Write(log => log.LogInformation("{Name} has {Count} of {Bytes} since {Since:O}, ζ 漢 😀 {Missing}", "Zoë", 3, 4UL, DateTimeOffset.UnixEpoch, null));

        Assert.EndsWith(" INF Zoë has 3 of 4 since 1970-01-01T00:00:00.0000000+00:00, ζ 漢 😀 null\n", output, StringComparison.Ordinal);
    }

    private static void AssertSafe(string line) => Assert.DoesNotContain(line, character => OneLine.Breaks(character));

    private static string Write(Action<Microsoft.Extensions.Logging.ILogger> write)
    {
        using var sink = new TextSink();
        using var serilog = new LoggerConfiguration().Enrich.With<SafeLog>().WriteTo.Sink(sink).CreateLogger();
        using var factory = new SafeLoggerFactory(new SerilogLoggerFactory(serilog));
        write(factory.CreateLogger("test"));
        return sink.Text;
    }

    private sealed class TextSink : ILogEventSink, IDisposable
    {
        private readonly MessageTemplateTextFormatter formatter = new(Template, System.Globalization.CultureInfo.InvariantCulture);
        private readonly StringWriter writer = new(System.Globalization.CultureInfo.InvariantCulture) { NewLine = "\n" };

        public string Text => writer.ToString();

        public void Emit(LogEvent logEvent) => formatter.Format(logEvent, writer);

        public void Dispose() => writer.Dispose();
    }
}
