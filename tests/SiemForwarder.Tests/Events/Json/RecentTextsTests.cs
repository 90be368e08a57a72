using System.Text;
using SiemForwarder.Events.Json;

namespace SiemForwarder.Tests.Events.Json;

/// <summary>Texts that repeat at their place in an event.</summary>
public sealed class RecentTextsTests
{
    private const string Id = "3f1f1c1e-8a52-4a53-9f43-0c9a4e0a7a11";

    [Fact]
    public void TheSameTextAtTheSamePlaceIsTheSameString() => Assert.Same(Get("web-app", 3), Get("web-app", 3));

    [Fact]
    public void AnotherTextAtTheSamePlaceIsItself()
    {
        Get("web-app", 3);

        Assert.Equal(["web-apq", "web", "", "wéb-app", "web-app"], [Get("web-apq", 3), Get("web", 3), Get("", 3), Get("wéb-app", 3), Get("web-app", 3)]);
    }

    [Fact]
    public void AnIdThatStandsAtItsTwinPlaceIsTheSameString()
    {
        var session = Get(Id, 13);

        Assert.Same(session, RecentTexts.Get(Encoding.UTF8.GetBytes(Id), 50, twin: 13));
        Assert.NotSame(session, RecentTexts.Get(Encoding.UTF8.GetBytes(Id), 51, twin: 12));
    }

    [Fact]
    public void InvalidUtf8BecomesReplacementCharactersAndDoesNotLookLikeItsTwin()
    {
        Get("a?b", 7);

        Assert.Equal("a\uFFFDb", RecentTexts.Get("a"u8.ToArray().Append((byte)0xFF).Append((byte)'b').ToArray(), 7));
    }

    private static string Get(string text, int place) => RecentTexts.Get(Encoding.UTF8.GetBytes(text), place);
}
