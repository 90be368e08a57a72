using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace SiemForwarder.Detections.State;

/// <summary>Makes the id of an alert from what it is about: no clock, no random number, no sequence, so a rebuilt engine finds the same.</summary>
internal static class AlertId
{
    private const string Scheme = "fw-alert-1";

    /// <summary>UUID of version 8 of SHA-256 over scheme, rule, group values with their presence, and the discriminator, each with its length.</summary>
    /// <param name="ruleKey">Key of the rule.</param>
    /// <param name="groupKey">The group.</param>
    /// <param name="discriminator">What tells two alerts of one rule and group apart: keys of events, times.</param>
    public static Guid Of(string ruleKey, string groupKey, params ReadOnlySpan<string> discriminator)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, Scheme);
        Append(hash, ruleKey);
        Append(hash, GroupKey.WithoutSource(groupKey));
        foreach (var part in discriminator)
        {
            Append(hash, part);
        }

        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(digest);
        digest[6] = (byte)((digest[6] & 0x0F) | 0x80);
        digest[8] = (byte)((digest[8] & 0x3F) | 0x80);
        return new Guid(digest[..16], bigEndian: true);
    }

    /// <summary>An event as a part of a discriminator: its id, and its source, as two sources may hold events of the same id.</summary>
    public static string Part(in EventMark mark) => string.Create(CultureInfo.InvariantCulture, $"{mark.SourceId}:{mark.IdText}");

    /// <summary>A time in milliseconds, or the number of a source, as a part of a discriminator.</summary>
    public static string Part(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static void Append(IncrementalHash hash, ReadOnlySpan<char> text)
    {
        var bytes = new byte[4 + Encoding.UTF8.GetMaxByteCount(text.Length)];
        var length = Encoding.UTF8.GetBytes(text, bytes.AsSpan(4));
        BinaryPrimitives.WriteInt32BigEndian(bytes, length);
        hash.AppendData(bytes, 0, 4 + length);
    }
}
