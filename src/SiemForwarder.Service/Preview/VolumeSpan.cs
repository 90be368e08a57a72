namespace SiemForwarder.Service.Preview;

/// <summary>Which stored events a volume is counted of.</summary>
/// <param name="Sources">Ids of the sources.</param>
/// <param name="From">Earliest time of an event.</param>
/// <param name="To">Time before which an event happened.</param>
internal sealed record VolumeSpan(int[] Sources, DateTimeOffset From, DateTimeOffset To)
{
    public bool Contains(DateTimeOffset instant) => instant >= From && instant < To;
}
