using System.Globalization;

namespace SiemForwarder.Connections;

/// <summary>Counts things in a sentence for people.</summary>
public static class CountText
{
    /// <summary>A number of things: <c>1 event</c>, <c>1,200 events</c>.</summary>
    public static string Of(long count, string thing) => string.Create(CultureInfo.InvariantCulture, $"{count:N0} {thing}{(count == 1 ? "" : "s")}");
}
