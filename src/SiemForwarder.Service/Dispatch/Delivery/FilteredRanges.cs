using NpgsqlTypes;
using SiemForwarder.Events;

namespace SiemForwarder.Service.Dispatch.Delivery;

/// <summary>The positions that a delivery passed over because the filter left them out.</summary>
internal static class FilteredRanges
{
    /// <summary>The runs of positions in (after, last] that none of the events has; null where there are none.</summary>
    public static NpgsqlRange<long>[]? Between(long afterPosition, long lastPosition, ReadOnlySpan<SecurityEvent> events)
    {
        List<NpgsqlRange<long>>? ranges = null;
        var expected = afterPosition + 1;
        foreach (var one in events)
        {
            Add(expected, one.Position - 1);
            expected = one.Position + 1;
        }

        Add(expected, lastPosition);
        return ranges?.ToArray();

        void Add(long first, long last)
        {
            if (first <= last)
            {
                (ranges ??= []).Add(new NpgsqlRange<long>(first, true, last, true));
            }
        }
    }
}
