using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using SiemForwarder.Service.Telemetry;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Service.Telemetry;

/// <summary>What is counted is collected under its labels, until what they name is deleted.</summary>
public sealed class ForwarderMetricsTests : IDisposable
{
    private readonly TestClock clock = new();
    private readonly ForwarderMetrics metrics;
    private readonly string mine = $"mine-{Guid.NewGuid():N}";
    private readonly string other = $"other-{Guid.NewGuid():N}";

    public ForwarderMetricsTests() => metrics = new ForwarderMetrics(clock);

    [Fact]
    public void ACounterAddsUpBySeriesAndLeavesEmptyLabelsOut()
    {
        metrics.Add(MetricCatalog.ConnectionsOpened, 2, new(mine, "", "opened"));
        metrics.Add(MetricCatalog.ConnectionsOpened, 3, new(mine, "", "opened"));
        metrics.Add(MetricCatalog.ConnectionsOpened, 1, new("", mine, "Timeout"));

        var collected = Collect();

        Assert.Equal(5, collected[$"siemforwarder.connections.opened integration={mine} outcome=opened"]);
        Assert.Equal(1, collected[$"siemforwarder.connections.opened source={mine} outcome=Timeout"]);
    }

    [Fact]
    public void TheSeriesOfWhatIsDeletedEndAndThoseOfOthersStay()
    {
        metrics.Add(MetricCatalog.EventsPulled, 1, new(mine, "User"));
        metrics.Add(MetricCatalog.EventsPulled, 7, new(other, "User"));
        var kept = new HashSet<string> { other };

        metrics.Keep(new HashSet<string>(), kept);
        var once = Collect();
        metrics.Keep(new HashSet<string>(), kept);
        var twice = Collect();

        // The first look may have been older than the first event of a new source.
        Assert.Contains(once.Keys, key => key.Contains(mine, StringComparison.Ordinal));
        Assert.DoesNotContain(twice.Keys, key => key.Contains(mine, StringComparison.Ordinal));
        Assert.Equal(7, twice[$"siemforwarder.events.pulled source={other} stream=User"]);
    }

    [Fact]
    public void TheTotalOfACounterGoesOnWhenItsSeriesEnd()
    {
        metrics.Add(MetricCatalog.EventsAppended, 4, new(mine));
        metrics.Add(MetricCatalog.EventsAppended, 3, new(other));

        metrics.Keep(new HashSet<string>(), new HashSet<string>());
        metrics.Keep(new HashSet<string>(), new HashSet<string>());
        metrics.Add(MetricCatalog.EventsAppended, 1, new(other));

        Assert.Equal(8, metrics.Total(MetricCatalog.EventsAppended));
        Assert.Equal(1, metrics.Sum(MetricCatalog.EventsAppended, new(other)));
    }

    [Fact]
    public void LatenciesAreSummedUpUntilTheyAreTakenWhetherAnyoneCollectsOrNot()
    {
        metrics.RecordLatencies([1.5, 0.5], new(mine, "syslog"));
        metrics.RecordLatencies([4], new(other, "syslog"));

        Assert.Equal(
            new Dictionary<string, ValueTally> { [mine] = new(2, 2, 1.5), [other] = new(1, 4, 4) }, metrics.TakeLatencies());
        Assert.Empty(metrics.TakeLatencies());
    }

    [Fact]
    public void AHistogramBeginsAnewWhenOneOfItsSeriesEndsAndRecordsOn()
    {
        var recorded = new ConcurrentQueue<string>();
        var ended = new ConcurrentQueue<Meter>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) => self.EnableMeasurementEvents(instrument),
            MeasurementsCompleted = (instrument, _) => ended.Enqueue(instrument.Meter),
        };
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => recorded.Enqueue($"{instrument.Name} {tags[0].Value}"));
        listener.Start();

        metrics.Record(MetricCatalog.AppendDuration, TimeSpan.FromSeconds(1), new(mine, "committed"));
        metrics.Keep(new HashSet<string>(), new HashSet<string> { mine });
        metrics.Keep(new HashSet<string>(), new HashSet<string> { mine });
        var before = recorded.Count(one => one.EndsWith(mine, StringComparison.Ordinal));
        metrics.Keep(new HashSet<string>(), new HashSet<string>());
        metrics.Keep(new HashSet<string>(), new HashSet<string>());
        metrics.Record(MetricCatalog.AppendDuration, TimeSpan.FromSeconds(1), new(mine, "committed"));

        Assert.Equal(1, before);
        Assert.Equal(2, recorded.Count(one => one == $"siemforwarder.append.duration {mine}"));
        Assert.NotEmpty(ended);
    }

    [Fact]
    public void GaugesOfTheDatabaseEndWhenTheyAreTooOldToBeTrue()
    {
        metrics.Show([new GaugeValue(MetricCatalog.BacklogEvents, 42, new(mine, "realm"))]);
        clock.Advance(TimeSpan.FromSeconds(90));
        var aging = Collect();
        clock.Advance(TimeSpan.FromSeconds(31));
        var old = Collect();

        Assert.Equal(42, aging[$"siemforwarder.backlog.events integration={mine} source=realm"]);
        Assert.DoesNotContain(old.Keys, key => key.Contains(mine, StringComparison.Ordinal));
    }

    [Fact]
    public void ABatchCostsTheSameHoweverManyEventsItHas()
    {
        var labels = new LaneLabels(mine, "syslog", "live");
        var telemetry = new ForwarderTelemetry(Microsoft.Extensions.Logging.Abstractions.NullLogger<ForwarderTelemetry>.Instance, given: metrics);
        telemetry.BatchRecorded(labels, "realm", 1, 100, 1);

        var before = GC.GetAllocatedBytesForCurrentThread();
        telemetry.BatchRecorded(labels, "realm", 100_000, 10_000_000, 100_000);
        var taken = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.InRange(taken, 0, 2000);
        Assert.Equal(100_001, metrics.Sum(MetricCatalog.EventsDelivered, labels.WithSource("realm")));
    }

    public void Dispose() => metrics.Dispose();

    private Dictionary<string, double> Collect()
    {
        var found = new Dictionary<string, double>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == metrics.MeterName)
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(instrument, value, tags));
        listener.Start();
        listener.RecordObservableInstruments();
        return found;

        void Note(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (instrument.IsObservable)
            {
                found[string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}").Prepend(instrument.Name))] = value;
            }
        }
    }
}
