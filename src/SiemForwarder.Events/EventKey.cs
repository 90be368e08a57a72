using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace SiemForwarder.Events;

/// <summary>The 16 bytes that, together with its time, identify an event: its UUID, or a hash if it has none.</summary>
public readonly record struct EventKey(UInt128 Value)
{
    public const int Size = 16;

    /// <summary>The key of an event id as UTF-8 text: the 16 bytes of a UUID, otherwise the first 16 bytes of its SHA-256.</summary>
    public static EventKey FromId(ReadOnlySpan<byte> id)
    {
        // Only the canonical form, so that a key prints as the id it was created from.
        if (id.Length == 36 && Utf8Parser.TryParse(id, out Guid guid, out var used, 'D') && used == 36)
        {
            Span<byte> bytes = stackalloc byte[Size];
            guid.TryWriteBytes(bytes, bigEndian: true, out _);
            return Read(bytes);
        }

        return FromHash(id);
    }

    /// <summary>The same for an id given as a string.</summary>
    public static EventKey FromId(string id)
    {
        Span<byte> utf8 = stackalloc byte[64];
        return Encoding.UTF8.TryGetBytes(id, utf8, out var length) ? FromId(utf8[..length]) : FromId(Encoding.UTF8.GetBytes(id));
    }

    /// <summary>The first 16 bytes of the SHA-256 of <paramref name="content"/>.</summary>
    public static EventKey FromHash(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(content, hash);
        return Read(hash);
    }

    public static EventKey Read(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt128BigEndian(bytes));

    public void Write(Span<byte> destination) => BinaryPrimitives.WriteUInt128BigEndian(destination, Value);

    /// <summary>Whether a text is the key in the form of a UUID, as <see cref="ToString"/> writes it.</summary>
    internal bool IsPrintedAs(ReadOnlySpan<char> text)
    {
        Span<char> printed = stackalloc char[36];
        return text.Length == printed.Length && ToGuid().TryFormat(printed, out _, "D") && text.SequenceEqual(printed);
    }

    /// <summary>The key as a UUID with the same 16 bytes.</summary>
    public Guid ToGuid()
    {
        Span<byte> bytes = stackalloc byte[Size];
        Write(bytes);
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>The key in the form of a UUID, 36 characters.</summary>
    public override string ToString() => ToGuid().ToString("D");
}
