using SiemForwarder.Events;

namespace SiemForwarder.Service.Preview;

/// <summary>The events of a time range that pass a filter, counted by type, with samples of each type.</summary>
internal sealed class Volume
{
    /// <summary>Maximum number of events per type kept for rendering.</summary>
    public const int MaxSamples = 50;

    private readonly Dictionary<string, TypeVolume> types = new(StringComparer.Ordinal);

    public IEnumerable<TypeVolume> Types => types.Values;

    /// <summary>Stored events, before the filter; those that were read or found; and the earliest of them.</summary>
    public long Stored { get; set; }

    public long Read { get; set; }

    public DateTimeOffset? FirstAt { get; set; }

    public bool IsExact => Read >= Stored;

    public TypeVolume Of(string type) => types.TryGetValue(type, out var volume) ? volume : types[type] = new TypeVolume(type);

    /// <summary>Counts an event that was read.</summary>
    public void Add(SecurityEvent one)
    {
        var volume = Of(one.Type);
        volume.Events++;
        volume.Sample(one, volume.Events);
    }
}

/// <summary>The events of one type.</summary>
internal sealed class TypeVolume(string type)
{
    public string Type => type;

    public double Events { get; set; }

    public List<SecurityEvent> Samples { get; } = [];

    /// <summary>
    /// Keeps an event, or lets every hundredth replace an earlier one, so that samples cover the whole time range.
    /// </summary>
    public void Sample(SecurityEvent one, double number)
    {
        if (Samples.Count < Volume.MaxSamples)
        {
            Samples.Add(one);
        }
        else if (number % 100 == 0)
        {
            Samples[(int)(number / 100 % Volume.MaxSamples)] = one;
        }
    }
}
