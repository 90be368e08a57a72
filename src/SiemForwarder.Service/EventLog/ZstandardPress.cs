using System.Buffers.Binary;
using Microsoft.Extensions.ObjectPool;
using ZstdSharp;

namespace SiemForwarder.Service.EventLog;

/// <summary>Packs bodies of segments with Zstandard, and unpacks them; the contexts, which take memory and time to make, are used again.</summary>
internal sealed class ZstandardPress : IDisposable
{
    // Measured on events of Keycloak: 3 takes twice the time for nothing, negative levels save a third of the time for twice the space.
    private const int Level = 1;

    // A larger body has enough of its own to refer to.
    private const int MaxBytesWithDictionary = 16 * 1024;

    // Events compress at least this well, nearly always.
    private const int UsualRatio = 4;
    private const int FirstOutput = 64 * 1024;

    private static readonly byte[] Dictionary = ReadDictionary();
    private static readonly ObjectPool<ZstandardPress> Presses = new DefaultObjectPool<ZstandardPress>(new Policy(), Environment.ProcessorCount);

    private readonly Compressor large = new(Level);
    private readonly Compressor small = new(Level);
    private readonly Decompressor plain = new();
    private readonly Decompressor knowing = new();
    private byte[] output = new byte[FirstOutput];

    private ZstandardPress()
    {
        small.LoadDictionary(Dictionary);
        knowing.LoadDictionary(Dictionary);
    }

    /// <summary>The length of the bytes as 4 bytes little-endian, then their frame.</summary>
    public static byte[] Pack(ReadOnlySpan<byte> bytes)
    {
        var press = Presses.Get();
        try
        {
            return press.PackHere(bytes);
        }
        finally
        {
            Presses.Return(press);
        }
    }

    /// <summary>Unpacks a frame; false if it is damaged or does not fill the target exactly.</summary>
    public static bool TryUnpack(ReadOnlySpan<byte> frame, Span<byte> target)
    {
        var press = Presses.Get();
        try
        {
            // The lowest two bits of the descriptor say how long the id of the dictionary is (RFC 8878 section 3.1.1.1.1).
            return frame.Length > sizeof(int) && ((frame[sizeof(int)] & 3) == 0 ? press.plain : press.knowing).TryUnwrap(frame, target, out var written)
                && written == target.Length;
        }
        catch (ZstdException)
        {
            return false;
        }
        finally
        {
            Presses.Return(press);
        }
    }

    private byte[] PackHere(ReadOnlySpan<byte> bytes)
    {
        var compressor = bytes.Length <= MaxBytesWithDictionary ? small : large;
        var usual = Math.Max(FirstOutput, (bytes.Length / UsualRatio) + sizeof(int));
        if (output.Length < usual)
        {
            output = new byte[usual];
        }

        var target = output;
        if (!compressor.TryWrap(bytes, target.AsSpan(sizeof(int)), out var length))
        {
            target = new byte[Compressor.GetCompressBound(bytes.Length) + sizeof(int)];
            length = compressor.Wrap(bytes, target.AsSpan(sizeof(int)));
        }

        BinaryPrimitives.WriteInt32LittleEndian(target, bytes.Length);
        return target[..(sizeof(int) + length)];
    }

    public void Dispose()
    {
        large.Dispose();
        small.Dispose();
        plain.Dispose();
        knowing.Dispose();
    }

    // Trained on events of Keycloak and of webhooks; it never changes, since what is stored refers to it.
    private static byte[] ReadDictionary()
    {
        using var resource = typeof(ZstandardPress).Assembly.GetManifestResourceStream("keycloak-events.zdict")!;
        var bytes = new byte[resource.Length];
        resource.ReadExactly(bytes);
        return bytes;
    }

    private sealed class Policy : PooledObjectPolicy<ZstandardPress>
    {
        public override ZstandardPress Create() => new();

        public override bool Return(ZstandardPress obj) => true;
    }
}
