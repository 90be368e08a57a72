using System.Globalization;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting.Display;

namespace SiemForwarder.Service.Telemetry;

/// <summary>Keeps the last entries of the service's own log in memory, for those who report a fault.</summary>
internal sealed class RecentLog : ILogEventSink
{
    private const int MaxEntries = 1000;
    private const int MaxLength = 2000;
    private const string Line = "{Timestamp:yyyy-MM-ddTHH:mm:ss.fffzzz} {Level:u3} {Message:lj}{NewLine}{Exception}";

    private readonly MessageTemplateTextFormatter formatter = new(Line, CultureInfo.InvariantCulture);
    private readonly Queue<string> entries = new(MaxEntries);
    private readonly Lock keeping = new();

    /// <summary>The entries, oldest first, each at most 2,000 characters long.</summary>
    public IReadOnlyList<string> Entries
    {
        get
        {
            lock (keeping)
            {
                return [.. entries];
            }
        }
    }

    public void Emit(LogEvent logEvent)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        formatter.Format(logEvent, text);
        var entry = text.ToString().TrimEnd();
        lock (keeping)
        {
            while (entries.Count >= MaxEntries)
            {
                entries.Dequeue();
            }

            entries.Enqueue(entry.Length > MaxLength ? $"{entry[..MaxLength]}…" : entry);
        }
    }
}
