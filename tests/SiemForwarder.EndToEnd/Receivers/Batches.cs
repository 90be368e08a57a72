using System.Text;
using SiemForwarder.Destinations;
using SiemForwarder.Events;

namespace SiemForwarder.EndToEnd.Receivers;

/// <summary>Batches of prepared messages.</summary>
internal static class Batches
{
    private static readonly SecurityEvent Event = new()
    {
        Id = "0d9c9f0e-6f7b-4a3a-9a53-2d1b8c7c1a01",
        Kind = EventKind.User,
        Type = "LOGIN",
        Description = new EventDescription { Name = "User logged in", Category = "authentication" },
        OccurredAt = DateTimeOffset.UnixEpoch,
        ReceivedAt = DateTimeOffset.UnixEpoch,
        Outcome = EventOutcome.Success,
        Severity = 3,
        Source = new EventSource(1, "main", "main", "kc.example.com"),
        Position = 1,
    };

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
}
