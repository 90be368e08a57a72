using System.Globalization;
using SiemForwarder.Events;

namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>One query of the events API, with only bounds, order and size: tailing never sends filters.</summary>
internal sealed record EventQuery(EventStream Stream, int Max)
{
    /// <summary>Epoch milliseconds or <c>yyyy-MM-dd</c>, inclusive.</summary>
    public string? From { get; init; }

    /// <inheritdoc cref="From"/>
    public string? To { get; init; }

    /// <summary><c>asc</c>, or null for the newest first.</summary>
    public string? Direction { get; init; }

    /// <summary>Rows to skip.</summary>
    public int First { get; init; }

    public static EventQuery Ascending(EventStream stream, long fromMs, long? toMs, int max) =>
        new(stream, max) { From = Text(fromMs), To = toMs is { } to ? Text(to) : null, Direction = "asc" };

    public static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>The path below the realm, with the query.</summary>
    public string Path()
    {
        var path = $"{(Stream == EventStream.Admin ? "admin-events" : "events")}?max={Text(Max)}";
        path += From is null ? "" : $"&dateFrom={From}";
        path += To is null ? "" : $"&dateTo={To}";
        path += Direction is null ? "" : $"&direction={Direction}";
        return First == 0 ? path : $"{path}&first={Text(First)}";
    }
}
