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

    /// <summary>JSON objects with numbers; each event has an id and a time of its own.</summary>
    public static DeliveryBatch Json(int count, Func<int, string>? document = null)
    {
        var batch = Of([.. Enumerable.Range(0, count).Select(number => document?.Invoke(number) ?? $"{{\"n\":{number}}}")]);
        var ends = new int[count];
        for (var index = 0; index < count; index++)
        {
            ends[index] = batch[index].Length + (index == 0 ? 0 : ends[index - 1]);
        }

        return new DeliveryBatch(batch.Bytes, ends, Enumerable.Range(0, count).Select(Numbered).ToArray());
    }

    /// <summary>The id of an event of <see cref="Json"/>.</summary>
    public static string IdOf(int number) => $"0d9c9f0e-6f7b-4a3a-9a53-{number:D12}";

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

    private static SecurityEvent Numbered(int number) => new()
    {
        Id = IdOf(number),
        Kind = EventKind.User,
        Type = "LOGIN_ERROR",
        Description = new EventDescription { Name = "User login failed", Category = "authentication" },
        OccurredAt = DateTimeOffset.FromUnixTimeMilliseconds(1762164930123 + number),
        ReceivedAt = DateTimeOffset.FromUnixTimeMilliseconds(1762164931000 + number),
        Outcome = EventOutcome.Failure,
        Severity = 5,
        Source = new EventSource(1, "main", "prod", "kc.example.com"),
        Position = number + 1,
        Reason = "invalid_user_credentials",
        Actor = new EventParty("u-1", "zoë", null, "prod", null),
        ClientId = "shop",
        SessionId = "s-1",
        IpAddress = "192.0.2.10",
    };
}
