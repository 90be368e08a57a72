using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SiemForwarder.Service.Telemetry;

/// <summary>The values of the labels of one series, in the order of its metric; an empty one is left out.</summary>
internal readonly record struct SeriesLabels(string First = "", string Second = "", string Third = "", string Fourth = "")
{
    public string this[int index] => index switch { 0 => First, 1 => Second, 2 => Third, _ => Fourth };
}

/// <summary>A value of a gauge.</summary>
internal readonly record struct GaugeValue(MetricDefinition Metric, double Value, SeriesLabels Labels = default);

/// <summary>Values summed up: how many, their sum, and the highest of them.</summary>
internal readonly record struct ValueTally(long Samples, double Total, double Highest)
{
    public ValueTally Plus(ValueTally other) => new(Samples + other.Samples, Total + other.Total, Math.Max(Highest, other.Highest));
}

/// <summary>The instruments of <see cref="MetricCatalog"/>. A series ends when the source or the integration that it names is deleted.</summary>
/// <remarks>
/// Counters and gauges are read when they are collected, so counting costs an addition, and a series that is forgotten here is gone. Histograms are kept by
/// whoever collects them: they begin anew when one of their series has to end, which rates take for a restart.
/// </remarks>
internal sealed class ForwarderMetrics : IDisposable
{
    private const string UsualName = "SiemForwarder";

    // Several hosts may run in one process; whoever collects must not mix them up, and takes meters by their names.
    private static readonly HashSet<string> NamesInUse = [];

    private static readonly TimeSpan MaxStateAge = TimeSpan.FromMinutes(2);

    private readonly TimeProvider time;
    private readonly Meter meter;
    private readonly Dictionary<MetricDefinition, ConcurrentDictionary<SeriesLabels, StrongBox<long>>> counters;
    private readonly Dictionary<MetricDefinition, StrongBox<long>> totals;
    private readonly ConcurrentDictionary<MetricDefinition, Func<IEnumerable<GaugeValue>>> readings = new();
    private readonly ConcurrentDictionary<(string Label, string Name), bool> recorded = new();
    private readonly LatencyTally latencies = new();
    private readonly Lock ending = new();
    private volatile Histograms histograms;
    private volatile GaugeReading? state;
    private HashSet<(string Label, string Name)> missing = [];

    public ForwarderMetrics(TimeProvider? time = null)
    {
        this.time = time ?? TimeProvider.System;
        MeterName = TakeName();
        (meter, histograms) = (new Meter(MeterName), new Histograms(MeterName));
        counters = MetricCatalog.All.Where(one => one.Kind == MetricKind.Counter)
            .ToDictionary(one => one, _ => new ConcurrentDictionary<SeriesLabels, StrongBox<long>>());
        totals = counters.Keys.ToDictionary(one => one, _ => new StrongBox<long>());
        foreach (var one in MetricCatalog.All)
        {
            if (one.Kind == MetricKind.Counter)
            {
                // One without labels is there from the start, so that its first increment is seen as one.
                if (one.Labels.Count == 0)
                {
                    Add(one, 0);
                }

                meter.CreateObservableCounter(one.Name, () => Collect(one), one.Unit, one.Description);
            }
            else if (one.Kind == MetricKind.Gauge)
            {
                meter.CreateObservableGauge(one.Name, () => Read(one), one.Unit, one.Description);
            }
        }

        Observe(MetricCatalog.BuildInfo, () => [new(MetricCatalog.BuildInfo, 1, new(ServiceBuild.Version, RuntimeInformation.FrameworkDescription))]);
    }

    /// <summary>Name of the meter: that of the product, with a number behind it for a second host of the process.</summary>
    public string MeterName { get; }

    /// <summary>Adds to a counter.</summary>
    public void Add(MetricDefinition counter, long count, SeriesLabels labels = default)
    {
        Interlocked.Add(ref totals[counter].Value, count);
        Interlocked.Add(ref counters[counter].GetOrAdd(labels, static _ => new StrongBox<long>()).Value, count);
    }

    /// <summary>What was ever added to all series of a counter, also to those that have ended.</summary>
    public long Total(MetricDefinition counter) => Interlocked.Read(ref totals[counter].Value);

    /// <summary>The present sum of a series of a counter; 0 if there is none.</summary>
    public long Sum(MetricDefinition counter, SeriesLabels labels = default) =>
        counters[counter].TryGetValue(labels, out var sum) ? Interlocked.Read(ref sum.Value) : 0;

    /// <summary>Records a value of a histogram.</summary>
    public void Record(MetricDefinition histogram, TimeSpan value, SeriesLabels labels)
    {
        var one = histograms[histogram];
        if (one.Enabled)
        {
            one.Record(Math.Max(0, value.TotalSeconds), Tags(histogram, labels));
            Remember(histogram, labels);
        }
    }

    /// <summary>Records latencies of deliveries of one series; the labels are prepared once.</summary>
    public void RecordLatencies(ReadOnlySpan<double> seconds, SeriesLabels labels)
    {
        var histogram = MetricCatalog.DeliveryLatency;
        latencies.Add(labels.First, seconds);
        var one = histograms[histogram];
        if (!one.Enabled || seconds.IsEmpty)
        {
            return;
        }

        ReadOnlySpan<KeyValuePair<string, object?>> tags = Tags(histogram, labels);
        foreach (var value in seconds)
        {
            one.Record(value, tags);
        }

        Remember(histogram, labels);
    }

    /// <summary>The present sums of a counter by the value of its first label.</summary>
    public IReadOnlyDictionary<string, long> SumsByFirst(MetricDefinition counter) =>
        counters[counter].GroupBy(pair => pair.Key.First, pair => Interlocked.Read(ref pair.Value.Value)).ToDictionary(one => one.Key, one => one.Sum());

    /// <summary>The latencies that were recorded since this was last called, by integration.</summary>
    public IReadOnlyDictionary<string, ValueTally> TakeLatencies() => latencies.Take();

    /// <summary>The present values of a gauge; none if the database has not been read for two minutes.</summary>
    public IReadOnlyList<GaugeValue> Values(MetricDefinition gauge) => [.. readings.TryGetValue(gauge, out var read) ? read() : FromState(gauge)];

    /// <summary>Reads a gauge from memory whenever it is collected.</summary>
    public void Observe(MetricDefinition gauge, Func<IEnumerable<GaugeValue>> read) => readings[gauge] = read;

    /// <summary>Replaces the gauges that were read from the database.</summary>
    public void Show(IEnumerable<GaugeValue> values) => state = new GaugeReading(time.GetTimestamp(), values.ToLookup(one => one.Metric));

    /// <summary>Ends the series of what was named by neither this call nor the one before: it is deleted or has another name.</summary>
    public void Keep(IReadOnlySet<string> integrations, IReadOnlySet<string> sources)
    {
        lock (ending)
        {
            var gone = recorded.Keys.Concat(counters.SelectMany(pair => pair.Value.Keys.SelectMany(labels => Names(pair.Key, labels))))
                .Where(one => !(one.Label == MetricCatalog.Integration ? integrations : sources).Contains(one.Name)).ToHashSet();
            var ended = gone.Where(missing.Contains).ToHashSet();
            missing = gone;
            foreach (var (counter, series) in counters)
            {
                foreach (var labels in series.Keys.Where(labels => Names(counter, labels).Any(ended.Contains)))
                {
                    series.TryRemove(labels, out _);
                }
            }

            if (ended.Where(recorded.ContainsKey).ToList() is not { Count: > 0 } inHistograms)
            {
                return;
            }

            inHistograms.ForEach(one => recorded.TryRemove(one, out _));
            var before = histograms;
            before.Dispose();
            histograms = new Histograms(MeterName);
        }
    }

    public void Dispose()
    {
        meter.Dispose();
        histograms.Dispose();
        lock (NamesInUse)
        {
            NamesInUse.Remove(MeterName);
        }
    }

    private static string TakeName()
    {
        lock (NamesInUse)
        {
            var (name, number) = (UsualName, 1);
            while (!NamesInUse.Add(name))
            {
                name = string.Create(CultureInfo.InvariantCulture, $"{UsualName}.{++number}");
            }

            return name;
        }
    }

    private void Remember(MetricDefinition histogram, SeriesLabels labels)
    {
        for (var i = 0; i < histogram.Labels.Count; i++)
        {
            if (NameAt(histogram, labels, i) is { } name && !recorded.ContainsKey(name))
            {
                recorded.TryAdd(name, true);
            }
        }
    }

    private static (string Label, string Name)? NameAt(MetricDefinition metric, SeriesLabels labels, int index) =>
        metric.Labels[index] is MetricCatalog.Integration or MetricCatalog.Source && labels[index].Length > 0 ? (metric.Labels[index], labels[index]) : null;

    private static IEnumerable<(string Label, string Name)> Names(MetricDefinition metric, SeriesLabels labels) =>
        Enumerable.Range(0, metric.Labels.Count).Select(i => NameAt(metric, labels, i)).OfType<(string Label, string Name)>();

    private IEnumerable<Measurement<long>> Collect(MetricDefinition counter) =>
        counters[counter].Select(pair => new Measurement<long>(Interlocked.Read(ref pair.Value.Value), Tags(counter, pair.Key)));

    private IEnumerable<Measurement<double>> Read(MetricDefinition gauge) =>
        Values(gauge).Select(one => new Measurement<double>(one.Value, Tags(gauge, one.Labels)));

    private IEnumerable<GaugeValue> FromState(MetricDefinition gauge)
    {
        var known = state;
        var age = known is null ? TimeSpan.MaxValue : time.GetElapsedTime(known.ReadAt);
        return age > MaxStateAge ? []
            : gauge == MetricCatalog.StateAge ? [new GaugeValue(gauge, age.TotalSeconds)]
            : known!.Values[gauge];
    }

    private static KeyValuePair<string, object?>[] Tags(MetricDefinition metric, SeriesLabels labels)
    {
        var count = 0;
        var tags = new KeyValuePair<string, object?>[metric.Labels.Count];
        for (var i = 0; i < tags.Length; i++)
        {
            if (labels[i].Length > 0)
            {
                tags[count++] = new(metric.Labels[i], labels[i]);
            }
        }

        return count == tags.Length ? tags : tags[..count];
    }

    /// <summary>Sums up latencies by integration until they are taken.</summary>
    private sealed class LatencyTally
    {
        private readonly Lock gate = new();
        private Dictionary<string, ValueTally> sums = [];

        public void Add(string integration, ReadOnlySpan<double> seconds)
        {
            var sum = default(ValueTally);
            foreach (var value in seconds)
            {
                sum = sum.Plus(new ValueTally(1, value, value));
            }

            lock (gate)
            {
                sums[integration] = sums.GetValueOrDefault(integration).Plus(sum);
            }
        }

        public Dictionary<string, ValueTally> Take()
        {
            lock (gate)
            {
                var taken = sums;
                sums = [];
                return taken;
            }
        }
    }

    /// <summary>What was read from the database, and when.</summary>
    private sealed record GaugeReading(long ReadAt, ILookup<MetricDefinition, GaugeValue> Values);

    /// <summary>The histograms, on a meter of their own: disposing it is the one way to end a series of theirs.</summary>
    private sealed class Histograms : IDisposable
    {
        private readonly Meter meter;
        private readonly Dictionary<MetricDefinition, Histogram<double>> all;

        public Histograms(string meterName)
        {
            meter = new Meter(meterName);
            all = MetricCatalog.All.Where(one => one.Kind == MetricKind.Histogram).ToDictionary(
            one => one,
            one => meter.CreateHistogram(
                one.Name, one.Unit, one.Description, advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = one.Bounds }));
        }

        public Histogram<double> this[MetricDefinition metric] => all[metric];

        public void Dispose() => meter.Dispose();
    }
}

/// <summary>What this program is.</summary>
internal static class ServiceBuild
{
    /// <summary>Version of the product, without the commit.</summary>
    public static string Version { get; } =
        typeof(ServiceBuild).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";
}
