using System.Text;
using SiemForwarder.Destinations;
using SiemForwarder.Events;

namespace SiemForwarder.EndToEnd.Receivers;

/// <summary>Batches of prepared messages.</summary>
internal static class Batches
{
    private static readonly SecurityEvent Event = Numbered(0);

    /// <summary>Documents by number, each an event with an id of its own.</summary>
    public static DeliveryBatch Json(int count, Func<int, string> document)
    {
        var batch = Of([.. Enumerable.Range(0, count).Select(document)]);
        var ends = new int[count];
        for (var index = 0; index < count; index++)
        {
            ends[index] = batch[index].Length + (index == 0 ? 0 : ends[index - 1]);
        }

        return new DeliveryBatch(batch.Bytes, ends, Enumerable.Range(0, count).Select(Numbered).ToArray());
    }

    /// <summary>The id of an event of <see cref="Json"/>.</summary>
    public static string IdOf(int number) => $"0d9c9f0e-6f7b-4a3a-9a53-{number:D12}";

    public static DeliveryBatch Of(IReadOnlyCollection<string> messages)
    {
        var bytes = new MemoryStream();
        var ends = messages.Select(message =>
        {
            bytes.Write(Encoding.UTF8.GetBytes(message));
            return (int)bytes.Length;
        }).ToArray();
        return new DeliveryBatch(bytes.ToArray(), ends, Enumerable.Repeat(Event, ends.Length).ToArray());
    }

    private static SecurityEvent Numbered(int number) => new()
    {
        Id = IdOf(number),
        Kind = EventKind.User,
        Type = "LOGIN",
        Description = new EventDescription { Name = "User logged in", Category = "authentication" },
        OccurredAt = DateTimeOffset.FromUnixTimeMilliseconds(1762164930123),
        ReceivedAt = DateTimeOffset.UnixEpoch,
        Outcome = EventOutcome.Success,
        Severity = 3,
        Source = new EventSource(1, "main", "main", "kc.example.com"),
        Position = 1,
    };
}
