using System.Text.Json;
using SiemForwarder.Events.Bytes;
using Xunit;

namespace SiemForwarder.Tests.Events.Bytes;

/// <summary>Checks the growing buffer that batches, bodies and answers use.</summary>
public sealed class ByteBufferTests
{
    [Fact]
    public void WhatWasWrittenStaysWhileTheBufferGrows()
    {
        using var buffer = new PooledBuffer(firstBytes: 16);
        for (var i = 0; i < 1000; i++)
        {
            buffer.Append((byte)i);
            buffer.Append([(byte)i, (byte)(i + 1)]);
            buffer.Take(1)[0] = (byte)(i + 2);
        }

        Assert.Equal(4000, buffer.Length);
        Assert.Equal(Enumerable.Range(0, 1000).SelectMany(i => new[] { (byte)i, (byte)i, (byte)(i + 1), (byte)(i + 2) }), buffer.Memory.ToArray());
    }

    [Fact]
    public void WhatIsTruncatedOrClearedIsWrittenAnew()
    {
        using var buffer = new PooledBuffer();
        buffer.Append("abcdef"u8);
        buffer.Truncate(3);
        buffer.Append("x"u8);
        Assert.Equal("abcx"u8.ToArray(), buffer.Memory.ToArray());

        buffer.Clear();
        buffer.Append("y"u8);
        Assert.Equal("y"u8.ToArray(), buffer.Memory.ToArray());
    }

    [Fact]
    public void AJsonWriterWritesBetweenOtherBytes()
    {
        using var buffer = new PooledBuffer(firstBytes: 16);
        using var writer = new Utf8JsonWriter(buffer);
        for (var i = 0; i < 100; i++)
        {
            writer.WriteNumberValue(i);
            writer.Flush();
            writer.Reset();
            buffer.Append((byte)'\n');
        }

        Assert.Equal(string.Concat(Enumerable.Range(0, 100).Select(i => $"{i}\n")), System.Text.Encoding.UTF8.GetString(buffer.Written));
    }

    [Theory]
    [InlineData(0, 100, BufferFill.Whole, 0)]
    [InlineData(99, 100, BufferFill.Whole, 99)]
    [InlineData(100, 100, BufferFill.Full, 100)]
    [InlineData(5000, 100, BufferFill.Full, 100)]
    [InlineData(70_000, 100_000, BufferFill.Whole, 70_000)]
    public async Task AStreamIsReadToItsEndOrTheLimit(int length, int maxBytes, BufferFill end, int read)
    {
        using var buffer = new PooledBuffer(firstBytes: 16);
        var bytes = Enumerable.Range(0, length).Select(i => (byte)(i * 7)).ToArray();

        Assert.Equal(end, await buffer.FillAsync(new MemoryStream(bytes), maxBytes, null, TestContext.Current.CancellationToken));

        Assert.Equal(bytes[..read], buffer.Memory.ToArray());
    }

    [Fact]
    public async Task EveryLargerArrayIsAskedForAndOneThatIsRefusedEndsTheReading()
    {
        using var buffer = new PooledBuffer();
        var asked = new List<int>();
        bool MayGrow(int bytes)
        {
            asked.Add(bytes);
            return bytes <= 16 * 1024;
        }

        var end = await buffer.FillAsync(new MemoryStream(new byte[100_000]), 200_000, MayGrow, TestContext.Current.CancellationToken);

        Assert.Equal(BufferFill.NoRoom, end);
        Assert.Equal([4096, 8192, 16 * 1024, 32 * 1024], asked);
        Assert.Equal(16 * 1024, buffer.Length);
    }

    [Fact]
    public void AnArrayThatHeldSecretsIsErasedWhenItIsGivenBack()
    {
        var buffer = new PooledBuffer(holdsSecrets: true);
        buffer.Append("secret"u8);
        var seen = buffer.Memory;

        buffer.Dispose();

        Assert.Equal(new byte[6], seen.ToArray());
        Assert.Equal(0, buffer.Length);
    }

    [Fact]
    public void AnArrayThatHeldSecretsIsErasedWhenALargerOneTakesItsPlace()
    {
        using var buffer = new PooledBuffer(holdsSecrets: true);
        buffer.Append("secret"u8);
        var seen = buffer.Memory;

        buffer.EnsureRoom(100_000);

        Assert.Equal(new byte[6], seen.ToArray());
        Assert.Equal("secret"u8.ToArray(), buffer.Memory.ToArray());
    }
}
