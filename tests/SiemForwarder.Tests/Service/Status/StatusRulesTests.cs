using SiemForwarder.Service.Status;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Tests.Service.Status;

/// <summary>What the status says, from what is stored.</summary>
public sealed class StatusRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);
    private static readonly StatusError Error = new("Timeout", "late", Now.AddMinutes(-3));
    private static readonly StoredStatus Stored = new("Success", Now.AddHours(-1), Now.AddMinutes(-2), Now.AddMinutes(-4), Error, Now.AddMinutes(1), "engine-1", 5);

    [Fact]
    public void WhatWasStoredIsTold()
    {
        var told = StatusRules.Tell(Some(), Stored, [new SourceBacklog(3, 2000), new SourceBacklog(4, 1000)], hasEngine: true, Now);

        Assert.Equal(("Success", Now.AddHours(-1), Now.AddMinutes(-2), Now.AddMinutes(-4)), (told.Status, told.Since, told.LastAttemptAt, told.LastSuccessAt));
        Assert.Equal((Error, 5L, "engine-1", Now.AddMinutes(1)), (told.LastError, told.SetAside, told.Engine, told.NextAttemptAt));
        Assert.Equal((7L, DateTimeOffset.FromUnixTimeMilliseconds(1000)), (told.Backlog, told.OldestUndeliveredAt));
        Assert.Null(told.Paused);
    }

    [Fact]
    public void BeforeAnythingWasSentItIsNotYetInvoked()
    {
        var told = StatusRules.Tell(Some(), new StoredStatus(null, null, null, null, null, null, null, 0), [], hasEngine: true, Now);

        Assert.Equal(("Not yet invoked", 0L, null), (told.Status, told.Backlog, told.OldestUndeliveredAt));
    }

    [Theory]
    [InlineData("Error", "Authentication", true)]
    [InlineData("Error", "Authorization", true)]
    [InlineData("Error", "Timeout", false)]
    [InlineData("Success", "Authentication", false)]
    public void ACredentialThatIsRefusedNowIsAWarningBesideWhatEnds(string status, string category, bool isWarned)
    {
        var told = StatusRules.Tell(Some(), Stored with { Status = status, LastError = new StatusError(category, "no", Now) }, [], hasEngine: true, Now);

        Assert.Equal(isWarned ? 2 : 1, StatusRules.Warn(["The certificate ends."], told)!.Count);
        Assert.Equal(isWarned, StatusRules.Warn(null, told) is not null);
    }

    [Fact]
    public void TheOldestIsLookedForAmongWhatIsStillStored() =>
        Assert.Equal(
            DateTimeOffset.FromUnixTimeMilliseconds(9),
            StatusRules.Tell(Some(), Stored, [new SourceBacklog(1, null), new SourceBacklog(1, 9)], hasEngine: true, Now).OldestUndeliveredAt);

    [Fact]
    public void WithoutALivingEngineAnEnabledIntegrationIsInErrorWhateverWasStored()
    {
        var told = StatusRules.Tell(Some(), Stored, [], hasEngine: false, Now);

        Assert.Equal(("Error", "Configuration", Now, null), (told.Status, told.LastError!.Category, told.LastError.At, told.Engine));
        Assert.Contains("Forwarder__Engine__Pools__0=dmz", told.LastError.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ADisabledIntegrationSaysSoNeedsNoEngineAndHasNoNextAttempt()
    {
        var integration = Some();
        integration.Enabled = false;

        var told = StatusRules.Tell(integration, Stored, [], hasEngine: false, Now);

        Assert.Equal(("Disabled", null), (told.Status, told.NextAttemptAt));
    }

    [Fact]
    public void APausedIntegrationSaysWhoPausedItAndKeepsItsHeadline()
    {
        var integration = Some();
        (integration.PausedAt, integration.PausedBy, integration.PauseReason) = (Now, "ann", "maintenance");

        var told = StatusRules.Tell(integration, Stored, [], hasEngine: false, Now);

        Assert.Equal(new PauseStatus(Now, "ann", "maintenance"), told.Paused);
        Assert.Equal(("Success", null, null), (told.Status, told.NextAttemptAt, told.Engine));
    }

    private static Integration Some() => new()
    {
        Id = 3, Name = "corp", Description = "", Enabled = true, EnginePool = "dmz", Destination = "webhook", ServerUrl = "https://siem.example.com/", Definition = "{}",
    };
}
