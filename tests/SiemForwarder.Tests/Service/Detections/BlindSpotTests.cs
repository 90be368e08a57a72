using SiemForwarder.Service.Detections;

namespace SiemForwarder.Tests.Service.Detections;

/// <summary>Which rules of the pack are blind when a realm does not store what they are for.</summary>
public sealed class BlindSpotTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);

    // What Keycloak 26 stores unless told otherwise, as far as the rules below ask.
    private static readonly SeenSource Whole = new(1, "production", true, true, null, [], null, true, ["user", "admin"], 0, null);

    [Theory]
    [InlineData("08-brute-force-address")]
    [InlineData("04-admin-role-granted")]
    [InlineData("24-refresh-token-reuse")]
    [InlineData("01-brute-force-success")]
    public void ARuleSeesWhereARealmStoresAll(string file) => Assert.Empty(Find(file, Whole));

    [Theory]
    [InlineData("08-brute-force-address", "LOGIN_ERROR")]
    [InlineData("24-refresh-token-reuse", "REFRESH_TOKEN_ERROR")]
    public void ARuleIsBlindWhereItsTypeIsNotStored(string file, string type)
    {
        var spots = Find(file, Whole with { StoredTypes = ["LOGOUT", "REGISTER"] });

        Assert.NotEmpty(spots);
        Assert.All(spots, spot => Assert.Contains(type, spot.Reason, StringComparison.Ordinal));
        Assert.All(spots, spot => Assert.Equal((file, 1), (spot.File, spot.SourceId)));
    }

    [Fact]
    public void ACorrelationIsBlindWhereOneOfItsRulesIs()
    {
        var spots = Find("01-brute-force-success", Whole with { StoredTypes = ["LOGIN_ERROR"] });

        Assert.Contains("does not store LOGIN;", Assert.Single(spots).Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("08-brute-force-address", "user", true)]
    [InlineData("08-brute-force-address", "admin", false)]
    [InlineData("04-admin-role-granted", "admin", true)]
    [InlineData("04-admin-role-granted", "user", false)]
    [InlineData("05-failure-login-privilege", "admin", true)]
    [InlineData("05-failure-login-privilege", "user", true)]
    public void ARuleIsBlindWhereItsEventsAreNotStoredAtAll(string file, string off, bool isBlind) =>
        Assert.Equal(isBlind, Find(file, Whole with { Off = [off] }).Count > 0);

    [Fact]
    public void ARuleThatNeedsTheRepresentationIsBlindWithoutIt()
    {
        var spot = Assert.Single(Find("04-admin-role-granted", Whole with { StoresRepresentation = false }));

        Assert.Contains("representation", spot.Reason, StringComparison.Ordinal);
        Assert.Empty(Find("08-brute-force-address", Whole with { StoresRepresentation = false }));
    }

    [Fact]
    public void ASourceThatFailsOrLagsOrLostEventsBlinds()
    {
        Assert.NotEmpty(Find("08-brute-force-address", Whole with { FailingSince = Now.AddMinutes(-1) }));
        Assert.NotEmpty(Find("08-brute-force-address", Whole with { LostCount = 3 }));
        Assert.NotEmpty(Find("08-brute-force-address", Whole with { BehindSince = Now.AddMinutes(-6) }));
        Assert.Empty(Find("08-brute-force-address", Whole with { BehindSince = Now.AddMinutes(-1) }));
    }

    [Fact]
    public void ARealmThatNobodyReadsUpToNowOrThatCannotReadItsOwnEventsBlinds()
    {
        Assert.Contains("08:40:00", Find("08-brute-force-address", Whole with { UnreadSince = Now.AddMinutes(-20) })[0].Reason, StringComparison.Ordinal);
        Assert.Empty(Find("08-brute-force-address", Whole with { UnreadSince = Now.AddMinutes(-5) }));
        Assert.Contains("cannot read some", Find("08-brute-force-address", Whole with { GapAt = Now.AddHours(-1) })[0].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void ARuleForAnApplicationIsBlindUntilItsSourceIsThereAndLooksAtNoOther()
    {
        var rule = new StoredRule("own", false, true, """
            title: Refused
            logsource: {product: application, service: pki}
            detection: {selection: {type: refused}, condition: selection}
            level: high
            """, null, null, 1, Now);
        var rules = RuleLibrary.Of(1, [rule], []).CompileEnabled();
        var pki = Whole with { Id = 2, Name = "pki", IsKeycloak = false };
        var failing = Whole with { FailingSince = Now };

        Assert.Contains("'pki'", Assert.Single(BlindSpots.Find(rules, [Whole], true, Now)).Reason, StringComparison.Ordinal);
        Assert.Single(BlindSpots.Find(rules, [Whole, pki with { Enabled = false }], true, Now));
        Assert.Empty(BlindSpots.Find(rules, [failing, pki], true, Now));
    }

    [Fact]
    public void WithoutASourceOrPlacesNothingIsSeen()
    {
        Assert.Equal(0, Assert.Single(Find("08-brute-force-address", Whole with { Enabled = false })).SourceId);
        Assert.NotEmpty(Find("19-new-country", Whole, knowsPlaces: false));
        Assert.Empty(Find("19-new-country", Whole));
    }

    [Fact]
    public void NoRuleOfThePackIsBlindInARealmThatStoresAll()
    {
        var library = RuleLibrary.Of(1, [.. RuleLibrary.Pack.Keys.Select(Enabled)], []);

        var inbox = Whole with { Id = 2, Name = "pki", IsKeycloak = false };
        Assert.Empty(BlindSpots.Find(library.CompileEnabled(), [Whole, inbox], knowsPlaces: true, Now));
        var blind = BlindSpots.Find(library.CompileEnabled(), [Whole], knowsPlaces: true, Now);
        Assert.All(blind, spot => Assert.Contains("pushed events", spot.Reason, StringComparison.Ordinal));
        Assert.Contains(blind, spot => spot.File == "50-certificate-issuer");
    }

    private static IReadOnlyList<BlindSpot> Find(string file, SeenSource source, bool knowsPlaces = true) =>
        BlindSpots.Find(RuleLibrary.Of(1, [Enabled(file)], []).CompileEnabled(), [source], knowsPlaces, Now);

    private static StoredRule Enabled(string name) => new(name, true, true, null, null, null, 1, Now);
}
