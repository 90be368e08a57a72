using SiemForwarder.Detections.Matching;
using SiemForwarder.Detections.Yaml;

namespace SiemForwarder.Detections.Rules;

/// <summary>One document of a file, read but not yet joined with the others.</summary>
internal sealed record RuleDocument(string File, RuleHead Head, YamlMap Source, RuleReading Reading)
{
    /// <summary>What a detection or a filter asks of an event; null for a correlation.</summary>
    public EventTest? Test { get; init; }

    /// <summary>The rules that a filter is for; null for what is no filter.</summary>
    public IReadOnlyList<string>? Filtered { get; init; }

    public CorrelationDraft? Correlation { get; init; }

    public ForwarderSettings? Forwarder { get; init; }

    public bool IsFilter => Filtered is not null;

    /// <summary>Reads a document by the key that tells its kind; null where it is refused.</summary>
    public static RuleDocument? Read(string file, YamlNode node, RuleReading reading)
    {
        if (node is not YamlMap map)
        {
            reading.Refuse("", $"a rule must be a map, not {node.Sort}");
            return null;
        }

        var document = new RuleDocument(file, HeadReader.Read(map, reading), map, reading);
        if (map.Find("correlation") is not null)
        {
            document = document with { Correlation = new CorrelationReader(reading).Read(map) };
            document = document with { Forwarder = new ForwarderReader(reading).Read(map, document.Correlation?.Timespan ?? default) };
        }
        else
        {
            document = ReadEventTest(document);
        }

        return reading.Refusals.Count > 0 ? null : document;
    }

    private static RuleDocument ReadEventTest(RuleDocument document)
    {
        var (map, reading) = (document.Source, document.Reading);
        var isFilter = map.Find("filter") is not null;
        var section = isFilter ? "filter" : "detection";
        if (map.Find(section) is not YamlMap body)
        {
            reading.Refuse(section, map.Find(section) is null ? "it is missing" : "it must be a map of selections with a condition");
            return document;
        }

        document = document with { Head = document.Head with { LogSource = HeadReader.ReadLogSource(map, reading) } };
        if (!isFilter)
        {
            return document with { Test = DetectionReader.Read(body, section, reading), Forwarder = new ForwarderReader(reading).Read(map, null) };
        }

        var test = DetectionReader.Read(body, section, reading, "rules");
        if (test is not null && !reading.ReadTexts(body, "condition", section).Any(text => text.Contains("not ", StringComparison.Ordinal)))
        {
            reading.Lint("filter.condition", "without 'not' this keeps only the events that match, for every rule that it names");
        }

        return document with { Test = test, Filtered = reading.ReadTexts(body, "rules", section) };
    }
}
