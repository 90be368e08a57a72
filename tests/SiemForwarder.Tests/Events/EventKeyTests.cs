using System.Security.Cryptography;
using System.Text;
using SiemForwarder.Events;

namespace SiemForwarder.Tests.Events;

/// <summary>A UUID is its own key, any other id is known by its hash, and a key comes back from the bytes it was written to.</summary>
public sealed class EventKeyTests
{
    private const string Id = "0d9c9f0e-6f7b-4a3a-9a53-2d1b8c7c1a01";

    [Fact]
    public void AUuidIsItsSixteenBytesInTheOrderThatItIsWritten()
    {
        var key = EventKey.FromId(Encoding.UTF8.GetBytes(Id));
        Span<byte> bytes = stackalloc byte[EventKey.Size];
        key.Write(bytes);

        Assert.Equal("0D9C9F0E6F7B4A3A9A532D1B8C7C1A01", Convert.ToHexString(bytes));
        Assert.Equal(key, EventKey.Read(bytes));
        Assert.Equal(Id, key.ToString());
        Assert.Equal(Guid.Parse(Id), key.ToGuid());
    }

    [Theory]
    [InlineData("")]
    [InlineData("4711")]
    [InlineData("{0d9c9f0e-6f7b-4a3a-9a53-2d1b8c7c1a01}")]
    [InlineData("0d9c9f0e6f7b4a3a9a532d1b8c7c1a01")]
    [InlineData("0d9c9f0e-6f7b-4a3a-9a53-2d1b8c7c1a01x")]
    [InlineData("0d9c9f0e-6f7b-4a3a-9a53-2d1b8c7c1a0x")]
    public void AnyOtherIdIsTheBeginOfItsHash(string id)
    {
        var text = Encoding.UTF8.GetBytes(id);

        Assert.Equal(new Guid(SHA256.HashData(text).AsSpan(0, 16), bigEndian: true), EventKey.FromId(text).ToGuid());
        Assert.Equal(EventKey.FromHash(text), EventKey.FromId(text));
    }
}
