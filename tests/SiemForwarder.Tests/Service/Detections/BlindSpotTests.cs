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

        Assert.Empty(BlindSpots.Find(library.CompileEnabled(), [Whole], knowsPlaces: true, Now));
    }

    private static IReadOnlyList<BlindSpot> Find(string file, SeenSource source, bool knowsPlaces = true) =>
        BlindSpots.Find(RuleLibrary.Of(1, [Enabled(file)], []).CompileEnabled(), [source], knowsPlaces, Now);

    private static StoredRule Enabled(string name) => new(name, true, true, null, null, null, 1, Now);
}
