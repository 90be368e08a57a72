using Google.Protobuf;
using SiemForwarder.Events.Bytes;
using Xunit;

namespace SiemForwarder.Tests.Events.Bytes;

/// <summary>Checks numbers of variable length against the reference implementation of Protocol Buffers.</summary>
public sealed class VarintTests
{
    public static TheoryData<ulong> Numbers => [0, 1, 127, 128, 300, 16383, 16384, uint.MaxValue, long.MaxValue, ulong.MaxValue];

    [Theory]
    [MemberData(nameof(Numbers))]
    public void ANumberIsWrittenAsProtocolBuffersWritesIt(ulong number)
    {
        var expected = new byte[Varint.MaxSize];
        var reference = new CodedOutputStream(expected);
        reference.WriteUInt64(number);
        var written = new byte[Varint.MaxSize];

        var length = Varint.Write(written, number);

        Assert.Equal(reference.Position, length);
        Assert.Equal(expected, written);
        Assert.Equal(length, Varint.SizeOf(number));
        ReadOnlySpan<byte> rest = [.. written[..length], 42];
        Assert.True(Varint.TryRead(ref rest, out var read));
        Assert.Equal(number, read);
        Assert.Equal([42], rest.ToArray());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(-86_400_000)]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    public void ASignedNumberComesBack(long number) => Assert.Equal(number, Varint.Unzigzag(Varint.Zigzag(number)));

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(10)]
    [InlineData(20)]
    public void ANumberThatDoesNotEndIsNotTaken(int bytes)
    {
        ReadOnlySpan<byte> rest = Enumerable.Repeat((byte)0xff, bytes).ToArray();

        Assert.False(Varint.TryRead(ref rest, out _));

        Assert.Equal(bytes, rest.Length);
    }
}
