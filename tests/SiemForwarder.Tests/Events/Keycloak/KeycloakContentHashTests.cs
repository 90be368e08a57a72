using System.Text;
using SiemForwarder.Events;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Tests.Events.Keycloak;

/// <summary>The key of events without an id.</summary>
public sealed class KeycloakContentHashTests
{
    private readonly KeycloakContentHash hash = new();

    [Theory]
    [InlineData("""{"time":1,"type":"LOGIN","details":{"a":"1","b":"2"}}""")]
    [InlineData("""{"id":"6a1b2c3d-0001-4000-8000-00000000a11c","time":1,"type":"LOGIN","details":{"a":"1","b":"2"}}""")]
    [InlineData("""{ "type" : "LOGIN", "details": {"b":"2","a":"\u0031"}, "time":1, "error":null }""")]
    public void OrderSpaceNullsAndTheIdDoNotMatter(string json) =>
        Assert.Equal(Key("""{"time":1,"type":"LOGIN","details":{"a":"1","b":"2"}}"""), Key(json));

    [Theory]
    [InlineData("""{"time":2,"type":"LOGIN","details":{"a":"1","b":"2"}}""")]
    [InlineData("""{"time":1,"type":"LOGIN","details":{"a":"1","b":"2","id":"3"}}""")]
    [InlineData("""{"time":1,"type":"LOGIN","details":{"a":"1","b":"3"}}""")]
    public void ContentMatters(string json) =>
        Assert.NotEqual(Key("""{"time":1,"type":"LOGIN","details":{"a":"1","b":"2"}}"""), Key(json));

    [Theory]
    [InlineData("""{"b":"ö\n\u0041\ud83d\ude00/<\/","a":[1,1.50,true]}""", """{"a":[1,1.50,true],"b":"\u00F6\nA\uD83D\uDE00/\u003C/"}""")]
    [InlineData("""{"\u00f6":1,"z":{"id":"x"}}""", """{"z":{"id":"x"},"\u00F6":1}""")]
    [InlineData("""{"a":"x\ud800y","\udc00":""}""", """{"a":"x\ud800y","\uFFFD":""}""")]
    public void TheCanonicalFormStaysTheSameFromReleaseToRelease(string json, string canonical) =>
        Assert.Equal(EventKey.FromHash(Encoding.UTF8.GetBytes(canonical)), Key(json));

    [Fact]
    public void RowsAlikeAreNumbered() =>
        Assert.Equal(3, new[] { 0, 1, 2 }.Select(occurrence => Key("""{"time":1}""", occurrence)).Distinct().Count());

    private EventKey Key(string json, int occurrence = 0) => hash.Compute(Encoding.UTF8.GetBytes(json), occurrence);
}
