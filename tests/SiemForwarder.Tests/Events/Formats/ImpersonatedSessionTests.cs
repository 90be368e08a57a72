using System.Text.Json;
using SiemForwarder.Events;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Formats;

/// <summary>In the session of an impersonated user the impersonator acts, and the user is acted upon, as with the impersonation itself.</summary>
public sealed class ImpersonatedSessionTests
{
    public static TheoryData<string> Types() =>
        ["IMPERSONATE", "CODE_TO_TOKEN", "REFRESH_TOKEN", "REFRESH_TOKEN_ERROR", "LOGOUT", "USER_INFO_REQUEST", "TOKEN_EXCHANGE", "UPDATE_PROFILE", "GRANT_CONSENT", "CLIENT_REGISTER"];

    [Theory]
    [MemberData(nameof(Types))]
    public void TheImpersonatorActsOnTheUser(string type)
    {
        var told = Event(type);

        Assert.Equal(new EventParty("a1", "root", null, null, "web-app"), told.Actor);
        Assert.Equal(("u1", "alice", "acme"), (told.Subject?.Id, told.Subject?.Name, told.Subject?.Realm));
    }

    [Fact]
    public void AnIdAloneNamesTheImpersonator()
    {
        var told = Some.Normalized(EventStream.User, """{"type":"LOGOUT","userId":"u1","details":{"impersonator_id":"a1"}}""");

        Assert.Equal(("a1", null, "u1"), (told.Actor?.Id, told.Actor?.Name, told.Subject?.Id));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void EverySchemaTellsBoth(string type)
    {
        foreach (var format in FormatSettings.Names.Where(format => !format.StartsWith("raw", StringComparison.Ordinal)))
        {
            var text = FormatSettings.Text(FormatSettings.Write(format, Without(Event(type))));

            Assert.All(new[] { "a1", "root", "u1", "alice" }, party => Assert.True(text.Contains(party, StringComparison.Ordinal), $"{format} of {type} lacks {party}: {text}"));
        }
    }

    [Fact]
    public void EachStandsInItsField()
    {
        var told = Without(Event("REFRESH_TOKEN"));
        var cef = CefParser.Parse(FormatSettings.Text(FormatSettings.Write("cef", told))).Pairs.ToDictionary(pair => pair.Key, pair => pair.Value);
        var leef = LeefParser.Parse(FormatSettings.Text(FormatSettings.Write("leef", told))).Attributes.ToDictionary(pair => pair.Key, pair => pair.Value);

        Assert.Equal(("root", "a1", "alice", "u1"), (cef["suser"], cef["suid"], cef["duser"], cef["duid"]));
        Assert.Equal(("root", "a1", "alice", "u1"), (leef["actorName"], leef["actorId"], leef["usrName"], leef["accountName"]));
        Assert.Equal(("root", "alice"), (Text("json", told, "requestor"), Text("json", told, "subject")));
        Assert.Equal(("root", "alice", "alice"), (Text("ecs", told, "user.name"), Text("ecs", told, "user.target.name"), Text("ecs", told, "user.effective.name")));
        Assert.Equal(("root", "alice"), (Text("ocsf", told, "actor.user.name"), Text("ocsf", told, "user.name")));
        Assert.Equal(("root", "alice"), (Text("cim", told, "src_user"), Text("cim", told, "user")));
        Assert.Equal(("root", "alice"), (Text("udm", told, "principal.user.userid"), Text("udm", told, "target.user.userid")));
        Assert.Equal(("root", "alice"), (Text("asim", told, "ActorUsername"), Text("asim", told, "Object")));
        Assert.Equal(("root", "alice"), (Text("asim", Without(Event("LOGOUT")), "ActorUsername"), Text("asim", Without(Event("LOGOUT")), "TargetUsername")));
        Assert.Equal("alice", Text("ocsf", Without(Event("USER_INFO_REQUEST")), "resources.0.name"));
    }

    // So that nothing but the fields of the schema can tell them.
    private static SecurityEvent Without(SecurityEvent told) => told with { Details = [] };

    private static string? Text(string format, SecurityEvent told, string path)
    {
        using var document = JsonDocument.Parse(FormatSettings.Write(format, told));
        return path.Split('.').Aggregate(document.RootElement, (element, name) => name == "0" ? element[0] : element.GetProperty(name)).GetString();
    }

    private static SecurityEvent Event(string type) => Some.Normalized(EventStream.User, $$$"""
        {"id":"e7","time":1762164930123,"type":"{{{type}}}","realmId":"r9","clientId":"web-app","userId":"u1","ipAddress":"192.0.2.1","sessionId":"s9",
         "details":{"username":"alice","impersonator":"root","impersonator_id":"a1"} }
        """);
}
