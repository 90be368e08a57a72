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
    public void ADisabledSourceBlindsTheRulesThatReadItAndNoOthers()
    {
        var (disabled, pki) = (Whole with { Id = 2, Name = "staging", Enabled = false }, Whole with { Id = 3, Name = "pki", IsKeycloak = false, Enabled = false });
        var spot = Assert.Single(Find("08-brute-force-address", Whole, disabled, pki));

        Assert.Equal((2, false), (spot.SourceId, spot.LeavesGap));
        Assert.Contains("'staging' is disabled", spot.Reason, StringComparison.Ordinal);
        var applications = Find("53-signing-outside-hours", Whole, pki, pki with { Id = 4, Name = "other", Enabled = true });
        Assert.Equal((3, true), (Assert.Single(applications).SourceId, applications[0].LeavesGap));
    }

    [Theory]
    [InlineData(59, false)]
    [InlineData(61, true)]
    public void ASourceThatIsSilentLongerThanItUsuallyIsBlindsTheRulesThatReadIt(int minutes, bool isBlind)
    {
        var pki = Whole with { Id = 2, Name = "pki", IsKeycloak = false, Silence = new PushSilence(Now.AddMinutes(-minutes), TimeSpan.FromHours(1), IsConfigured: false) };
        var spots = Find("53-signing-outside-hours", Whole, pki);

        Assert.Equal(isBlind ? 1 : 0, spots.Count);
        Assert.All(spots, spot => Assert.Equal((2, Now.AddMinutes(-61), true), (spot.SourceId, spot.Since, spot.LeavesGap)));
        Assert.All(spots, spot => Assert.Contains("since 2026-03-02 07:59:00 UTC, longer than it has been silent before (60 minutes)", spot.Reason, StringComparison.Ordinal));
        Assert.Empty(Find("08-brute-force-address", Whole, pki));
    }

    [Fact]
    public void WithoutASourceOrPlacesNothingIsSeen()
    {
        Assert.Equal(0, Assert.Single(Find("08-brute-force-address", Whole with { Enabled = false })).SourceId);
        Assert.NotEmpty(BlindSpots.Find(RuleLibrary.Of(1, [Enabled("19-new-country")], []).CompileEnabled(), [Whole], knowsPlaces: false, Now));
        Assert.Empty(Find("19-new-country", Whole));
    }

    [Fact]
    public void ARuleOverAlertsSeesAsLongAsOneRuleWhoseAlertsItReadsDoes()
    {
        string[] files = ["45-several-rules", "46-blinded-after-alert", "08-brute-force-address", "03-auditing-off"];
        IReadOnlyList<BlindSpot> Of(SeenSource source, params string[] enabled) =>
            BlindSpots.Find(RuleLibrary.Of(1, [.. enabled.Select(Enabled)], []).CompileEnabled(), [source], true, Now);

        Assert.Empty(Of(Whole, files));
        var some = Of(Whole with { StoresRepresentation = false }, files);
        Assert.Equal(["03-auditing-off", "46-blinded-after-alert"], some.Where(spot => !spot.IsPartial).Select(spot => spot.File).Order());
        var partly = some.Where(spot => spot.IsPartial).ToList();
        Assert.Equal(["fw_several_rules_address", "fw_several_rules_user"], partly.Select(spot => NameOf(spot.Rule)).Order());
        Assert.All(partly, spot => Assert.Contains("1 of 2 rules whose alerts it looks at is blind, or partly so: 'Auditing", spot.Reason, StringComparison.Ordinal));
        Assert.Equal(["46-blinded-after-alert"], Of(Whole, [.. files.Except(["03-auditing-off"])]).Select(spot => spot.File));
        Assert.Contains("No enabled rule raises the alerts that 'Alert of a rule'", Of(Whole, "45-several-rules")[0].Reason, StringComparison.Ordinal);
        var all = Of(Whole with { FailingSince = Now.AddHours(-1) }, files);
        Assert.Contains("'Password guessing from one address'", all.First(spot => spot.File == "45-several-rules").Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void NoRuleOfThePackIsBlindInARealmThatStoresAll()
    {
        var library = RuleLibrary.Of(1, [.. RuleLibrary.Pack.Keys.Select(Enabled)], []);

        var inbox = Whole with { Id = 2, Name = "pki", IsKeycloak = false };
        Assert.Empty(BlindSpots.Find(library.CompileEnabled(), [Whole, inbox], knowsPlaces: true, Now));
        var blind = BlindSpots.Find(library.CompileEnabled(), [Whole], knowsPlaces: true, Now);
        Assert.All(blind, spot => Assert.Contains(spot.IsPartial ? "6 of " : "pushed events", spot.Reason, StringComparison.Ordinal));
        Assert.All(blind, spot => Assert.Equal(spot.IsPartial, spot.File is "45-several-rules" or "46-blinded-after-alert"));
        Assert.Contains(blind, spot => spot.File == "50-certificate-issuer");
    }

    private static string? NameOf(string key) => RuleLibrary.Of(1, [Enabled("45-several-rules")], []).CompileEnabled().Rules.All.First(rule => rule.Head.Key == key).Head.Name;

    private static IReadOnlyList<BlindSpot> Find(string file, params SeenSource[] sources) =>
        BlindSpots.Find(RuleLibrary.Of(1, [Enabled(file)], []).CompileEnabled(), sources, knowsPlaces: true, Now);

    private static StoredRule Enabled(string name) => new(name, true, true, null, null, null, 1, Now);
}
