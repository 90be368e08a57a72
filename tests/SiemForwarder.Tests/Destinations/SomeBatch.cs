using System.Text;
using SiemForwarder.Destinations;
using SiemForwarder.Events;

namespace SiemForwarder.Tests.Destinations;

/// <summary>Batches of prepared messages.</summary>
internal static class SomeBatch
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

    public static DeliveryBatch Of(params string[] messages) => OfBytes([.. messages.Select(Encoding.UTF8.GetBytes)]);

    public static DeliveryBatch OfBytes(params byte[][] messages)
    {
        var ends = new int[messages.Length];
        for (var index = 0; index < messages.Length; index++)
        {
            ends[index] = messages[index].Length + (index == 0 ? 0 : ends[index - 1]);
        }

        return new DeliveryBatch(messages.SelectMany(message => message).ToArray(), ends, Enumerable.Repeat(Event, messages.Length).ToArray());
    }

    /// <summary>Syslog messages with numbers, each of about the given size.</summary>
    public static DeliveryBatch Syslog(int count, int size = 200, int from = 0) =>
        Of([.. Enumerable.Range(from, count).Select(number => $"<86>1 2025-11-03T10:15:30.123Z kc siemforwarder - LOGIN - n={number:D8} ".PadRight(size, 'x'))]);
}
