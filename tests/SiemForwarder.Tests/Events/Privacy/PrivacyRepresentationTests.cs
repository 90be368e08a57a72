using SiemForwarder.Events;
using SiemForwarder.Events.Privacy;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Privacy;

/// <summary>What a representation becomes under a rule: the same JSON without the values, and nothing else changed.</summary>
public sealed class PrivacyRepresentationTests
{
    [Theory]
    [InlineData("{\"username\":\"alice\",\"enabled\":true,\"count\":1.50,\"none\":null,\"tags\":[\"ALICE\",7,[],{}]}", "{\"username\":\"***\",\"enabled\":true,\"count\":1.50,\"none\":null,\"tags\":[\"***\",7,[],{}]}")]
    [InlineData("{\"attributes\":{\"alice\":[\"of alice's\"],\"malice\":1}}", "{\"attributes\":{\"***\":[\"of ***'s\"],\"malice\":1}}")]
    [InlineData("{\"\\u0061lice\":\"\\u0061l\\u0069ce\",\"name\":\"Zoë & <b>\"}", "{\"***\":\"***\",\"name\":\"Zoë & <b>\"}")]
    [InlineData("{\"x\\ud800\":\"alice\",\"b\":\"\\udc00\"}", "{\"x\uFFFD\":\"***\",\"b\":\"\uFFFD\"}")]
    [InlineData("[\"alice\",\"bob\"]", "[\"***\",\"bob\"]")]
    [InlineData("\"alice\"", "\"***\"")]
    [InlineData("no JSON, of alice", "no JSON, of ***")]
    public void AMaskedNameIsReplacedWhereverItStandsAndTheRestStaysAsItWas(string representation, string expected) =>
        Assert.Equal(expected, Apply(representation, new PrivacyRule(PrivacyFields.Subject, PrivacyAction.Mask)));

    [Theory]
    [InlineData("{\"username\":\"alice\",\"enabled\":true}", "{\"enabled\":true}")]
    [InlineData("{\"names\":[\"alice\",\"of alice\"]}", "{\"names\":[\"of ***\"]}")]
    [InlineData("{\"username\":\"alice\"}", "{}")]
    [InlineData("\"alice\"", null)]
    [InlineData("alice", null)]
    public void ADroppedNameTakesItsMemberWithIt(string representation, string? expected) =>
        Assert.Equal(expected, Apply(representation, new PrivacyRule(PrivacyFields.Subject, PrivacyAction.Drop)));

    [Theory]
    [InlineData(PrivacyFields.Subject, "user_name")]
    [InlineData(PrivacyFields.Subject, "previous.userName")]
    [InlineData(PrivacyFields.SubjectId, "userId")]
    [InlineData(PrivacyFields.Email, "updated_EMAIL")]
    [InlineData(PrivacyFields.IpAddress, "ip-address")]
    [InlineData(PrivacyFields.SessionId, "SessionId")]
    public void AMemberOfThatMeaningIsHiddenEvenWhereTheEventHasNoSuchField(string field, string member) =>
        Assert.Equal(
            $"{{\"a\":[{{\"{member}\":\"***\"}}],\"{member}\":[\"***\",{{\"deep\":\"***\"}}],\"b\":\"is ***\"}}",
            Apply($"{{\"a\":[{{\"{member}\":\"w1nter\"}}],\"{member}\":[\"w1nter\",{{\"deep\":\"summ3r\"}}],\"b\":\"is summ3r\"}}", new PrivacyRule(field, PrivacyAction.Mask), bare: true));

    [Theory]
    [InlineData(PrivacyFields.Subject, "name")]
    [InlineData(PrivacyFields.Subject, "sername")]
    [InlineData(PrivacyFields.Subject, "usernames")]
    [InlineData(PrivacyFields.Requestor, "username")]
    [InlineData(PrivacyFields.RequestorId, "userId")]
    [InlineData(PrivacyFields.Email, "emailVerified")]
    [InlineData(PrivacyFields.Email, "e_mail")]
    [InlineData(PrivacyFields.EveryDetail, "username")]
    public void AMemberOfAnotherMeaningStays(string field, string member)
    {
        var representation = $"{{\"{member}\":\"w1nter\"}}";

        Assert.Equal(representation, Apply(representation, new PrivacyRule(field, PrivacyAction.Mask), bare: true));
    }

    [Fact]
    public void ANumberIsHiddenAsATextAndOtherNumbersKeepTheirDigits() =>
        Assert.Equal(
            "{\"userId\":\"***\",\"ratio\":1.0E+2,\"next\":48151}",
            Apply("{\"userId\":4815,\"ratio\":1.0E+2,\"next\":48151}".Replace("48151", "1", StringComparison.Ordinal), new PrivacyRule(PrivacyFields.SubjectId, PrivacyAction.Mask), bare: true)
                ?.Replace("\"next\":1}", "\"next\":48151}", StringComparison.Ordinal));

    [Fact]
    public void AHashOfARepresentationIsThatOfTheField()
    {
        var key = new PrivacyKey("k1", "a key of sixteen or more");

        Assert.Equal(
            $"{{\"username\":\"{key.Hash("alice")}\"}}",
            new PrivacyPolicy([new PrivacyRule(PrivacyFields.Subject, PrivacyAction.Hash)], key).Apply(Event("{\"username\":\"alice\"}", bare: false)).Admin!.Representation);
        Assert.Equal("***", key.ToString());
    }

    [Fact]
    public void ValuesOfARepresentationAreHiddenLikeTheRestOfIt()
    {
        const string Raw = """
            {"operationType":"UPDATE","resourceType":"CLIENT","resourcePath":"clients/c1","details":{"username":"alice"},
             "representation":"{\"rootUrl\":\"https://x/alice\",\"serviceAccountClientId\":\"alice\",\"enabled\":true}"}
            """;
        var one = Some.Normalized(EventStream.Admin, Raw);
        var masked = new PrivacyPolicy([new PrivacyRule(PrivacyFields.Subject, PrivacyAction.Mask)], null).Apply(one);
        var dropped = new PrivacyPolicy([new PrivacyRule(PrivacyFields.Subject, PrivacyAction.Drop)], null).Apply(one);
        var none = new PrivacyPolicy([new PrivacyRule(PrivacyFields.Representation, PrivacyAction.Drop)], null).Apply(one);

        Assert.Equal("rootUrl=https://x/***; serviceAccountClientId=***; enabled=true", Joined(masked));
        Assert.Equal("rootUrl=https://x/***; enabled=true", Joined(dropped));
        Assert.Equal("", Joined(none));

        static string Joined(SecurityEvent securityEvent) => string.Join("; ", securityEvent.Admin!.Values.Select(value => $"{value.Key}={value.Value}"));
    }

    [Fact]
    public void WithoutARepresentationThereIsNone() => Assert.Null(Apply(null, new PrivacyRule(PrivacyFields.Subject, PrivacyAction.Mask)));

    private static string? Apply(string? representation, PrivacyRule rule, bool bare = false) =>
        new PrivacyPolicy([rule], null).Apply(Event(representation, bare)).Admin!.Representation;

    private static SecurityEvent Event(string? representation, bool bare)
    {
        var one = Some.LoginEvent(userName: "alice") with { Kind = EventKind.Admin, Admin = new AdminAction("UPDATE", "USER", "users/u1", "u1", representation) };
        return bare ? one with { Actor = null, Subject = null, SessionId = null, IpAddress = null, Details = [] } : one;
    }
}
