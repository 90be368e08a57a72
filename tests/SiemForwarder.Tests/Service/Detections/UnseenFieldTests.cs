using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Events.Privacy;
using SiemForwarder.Service.Detections;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Tests.Service.Detections;

/// <summary>What an integration leaves out of alerts and events that a rule needs.</summary>
public sealed class UnseenFieldTests
{
    private const string Guessing = "08-brute-force-address";
    private const string NewCountry = "19-new-country";
    private const string Hardening = "25-realm-hardening";

    [Theory]
    [InlineData("native")]
    [InlineData("ecs")]
    [InlineData("ocsf")]
    [InlineData("asim")]
    [InlineData("udm")]
    [InlineData("cim")]
    [InlineData("raw")]
    [InlineData("cef")]
    [InlineData("leef")]
    public void EveryFormatShowsWhatGuessingIsAbout(string schema) => Assert.Empty(Find(Guessing, Integration(schema)));

    [Theory]
    [InlineData("cim", true)]
    [InlineData("raw", true)]
    [InlineData("ecs", false)]
    [InlineData("cef", false)]
    public void AFormatWithoutPlacesIsBlindForCountries(string schema, bool isBlind)
    {
        var spots = Find(NewCountry, Integration(schema));

        Assert.Equal(isBlind ? ["its events lack geo.country (not in its format)"] : [], spots.Select(Lacks));
    }

    [Fact]
    public void ARepresentationThatIsNotSentIsMissingUntilItIs()
    {
        var without = Integration("native");

        Assert.Equal("its events lack representation.accessTokenLifespan, representation.verifyEmail (not in its format)", Lacks(Assert.Single(Find(Hardening, without))));
        Assert.Empty(Find(Hardening, without with { Output = without.Output with { IncludeRepresentation = true } }));
    }

    [Theory]
    [InlineData(PrivacyAction.Drop)]
    [InlineData(PrivacyAction.Mask)]
    [InlineData(PrivacyAction.TruncateIp)]
    public void AnAddressThatPrivacyRulesHideIsMissingInAlertsAndEvents(PrivacyAction action)
    {
        var spot = Assert.Single(Find(Guessing, Integration("ecs", new PrivacyRule(PrivacyFields.IpAddress, action))));

        Assert.Equal("its alerts lack ip (privacy rules); its events lack ip (privacy rules)", Lacks(spot));
        Assert.Equal((7, Guessing), (spot.IntegrationId, spot.File));
        Assert.StartsWith("The SIEM of integration 'SOC' does not see all that the rule looks at: ", spot.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void AHashStillTellsOneFromAnother() => Assert.Empty(Find(Guessing, Integration("native", new PrivacyRule(PrivacyFields.IpAddress, PrivacyAction.Hash))));

    [Fact]
    public void WhatAnIntegrationDoesNotGetItNeedNotShow()
    {
        var hidden = Integration("ecs", new PrivacyRule(PrivacyFields.IpAddress, PrivacyAction.Drop));
        var alerts = new EventFilter(new EventMatch { Types = ["DETECTION"] }, null);

        Assert.Empty(Find(Guessing, hidden with { Filter = new EventFilter(null, new EventMatch { Types = ["DETECTION"] }) }));
        Assert.Empty(Find(Guessing, hidden with { Sources = [1] }));
        Assert.Equal("its alerts lack ip (privacy rules)", Lacks(Assert.Single(Find(Guessing, hidden with { Filter = alerts }))));
        Assert.Equal("its alerts lack ip (privacy rules)", Lacks(Assert.Single(Find(Guessing, hidden with { Sources = [-1] }))));
    }

    private static string Lacks(UnseenSpot spot) => spot.Reason.Split(": ", 2)[1].Split(". Change")[0];

    private static IReadOnlyList<UnseenSpot> Find(string file, RunnableIntegration integration) =>
        UnseenFields.Find(RuleLibrary.Of(1, [Enabled(file)], []).CompileEnabled(), [integration]);

    private static RunnableIntegration Integration(string schema, params PrivacyRule[] privacy)
    {
        var type = schema switch { "cef" => OutputType.Cef, "leef" => OutputType.Leef, _ => OutputType.Json };
        var kind = DestinationCatalog.Find("tcp")!;
        return new RunnableIntegration(
            7, 1, "SOC", "default", kind, null!, new OutputSettings(type, type == OutputType.Json ? schema : "native", null, 100_000), EventFilter.Everything, [])
        {
            Privacy = privacy.Length == 0 ? null : new PrivacyPolicy(privacy, new PrivacyKey("k", "0123456789abcdef0123")),
        };
    }

    private static StoredRule Enabled(string name) => new(name, true, true, null, null, null, 1, DateTimeOffset.UnixEpoch);
}
