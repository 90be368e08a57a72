using System.Globalization;
using System.Text;
using Serilog.Core;
using Serilog.Events;
using SiemForwarder.Connections;

namespace SiemForwarder.Service.Telemetry;

/// <summary>The log's last line of defence: whatever a value contains, it stays on the line of its entry and cannot control a terminal.</summary>
internal sealed class SafeLog : ILogEventEnricher
{
    public void Enrich(LogEvent logEvent, ILogEventPropertyFactory propertyFactory)
    {
        foreach (var (name, value) in logEvent.Properties.ToList())
        {
            if (Safe(value) is var safe && !ReferenceEquals(safe, value))
            {
                logEvent.AddOrUpdateProperty(new LogEventProperty(name, safe));
            }
        }
    }

    /// <summary>Escapes every character that ends a line, controls a terminal or reorders text.</summary>
    public static string Escape(string text)
    {
        if (!text.Any(OneLine.Breaks))
        {
            return text;
        }

        var safe = new StringBuilder(text.Length + 16);
        foreach (var character in text)
        {
            if (OneLine.Breaks(character))
            {
                safe.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:X4}");
            }
            else
            {
                safe.Append(character);
            }
        }

        return safe.ToString();
    }

    /// <summary>The text of an exception on lines that cannot be mistaken for log entries.</summary>
    public static string Lines(Exception exception)
    {
        var lines = exception.ToString().ReplaceLineEndings("\n").Split('\n').Select(Escape);
        return string.Join(Environment.NewLine, lines.Select((line, index) => index == 0 || line.StartsWith(' ') ? line : $"   {line}"));
    }

    private static LogEventPropertyValue Safe(LogEventPropertyValue value) => value switch
    {
        ScalarValue { Value: string text } => Replace(value, text),
        ScalarValue { Value: null or bool or int or long or double or DateTime or DateTimeOffset or TimeSpan or Guid or Enum } => value,
        ScalarValue { Value: var other } => Replace(value, Convert.ToString(other, CultureInfo.InvariantCulture) ?? ""),
        SequenceValue { Elements: var elements } => new SequenceValue(elements.Select(Safe)),
        StructureValue structure => new StructureValue(structure.Properties.Select(one => new LogEventProperty(one.Name, Safe(one.Value))), structure.TypeTag),
        DictionaryValue { Elements: var elements } => new DictionaryValue(
            elements.Select(one => new KeyValuePair<ScalarValue, LogEventPropertyValue>((ScalarValue)Safe(one.Key), Safe(one.Value)))),
        _ => value,
    };

    private static LogEventPropertyValue Replace(LogEventPropertyValue value, string text) =>
        Escape(text) is var safe && ReferenceEquals(safe, text) ? value : new ScalarValue(safe);
}
