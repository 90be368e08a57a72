using System.Text;
using SiemForwarder.Events;
using SiemForwarder.Service.Keycloak.Client;

namespace SiemForwarder.Tests.Service.Keycloak.Client;

/// <summary>Reading a page: all of it, or nothing.</summary>
public sealed class EventPageTests
{
    [Fact]
    public async Task EachEventKeepsItsExactBytes()
    {
        string[] events =
        [
            """{"id":"6a1b2c3d-0001-4000-8000-00000000a11c","time":5,"details":{"time":"9","id":"x","list":[{"id":"y"}]}}""",
            """{ "time" : 7 , "type":"LÖGIN\u0022}" }""",
        ];

        using var page = await ReadAsync($"[ {events[0]} ,\n{events[1]}]");

        Assert.Equal(events, page!.Events.Select(entry => Encoding.UTF8.GetString(page.Json(entry).Span)));
        Assert.Equal([5, 7], page.Events.Select(entry => entry.TimeMs));
        Assert.Equal(EventKey.FromId("6a1b2c3d-0001-4000-8000-00000000a11c"u8), page.Events[0].Key);
        Assert.Null(page.Events[1].Key);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[")]
    [InlineData("""[{"time":1}""")]
    [InlineData("""[{"time":1},{"time":2,"clientId":"x","{"error":"unknown_error","error_description":"Cannot parse the JSON"}""")]
    [InlineData("""[{"time":1},{"time":2}]]""")]
    [InlineData("""[{"time":1}]{"error":"unknown_error"}""")]
    [InlineData("""{"error":"unknown_error"}""")]
    [InlineData("""[{"time":1},7]""")]
    [InlineData("""[{"type":"LOGIN"}]""")]
    [InlineData("""[{"time":"1"}]""")]
    public async Task APageThatIsNotCompleteIsNoPage(string body) => Assert.Null(await ReadAsync(body));

    [Fact]
    public async Task AnEmptyPageIsAPage()
    {
        using var page = await ReadAsync("[]");

        Assert.Equal(0, page!.Count);
    }

    private static async Task<EventPage?> ReadAsync(string text)
    {
        var body = new KeycloakBody();
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(text));
        Assert.True(await body.TryFillAsync(stream, null, 1 << 20, TestContext.Current.CancellationToken));
        return EventPage.Find(body);
    }
}
