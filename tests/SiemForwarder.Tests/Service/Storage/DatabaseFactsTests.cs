using SiemForwarder.Service.Storage;

namespace SiemForwarder.Tests.Service.Storage;

/// <summary>Which databases the service can use, and the sentence for each that it cannot.</summary>
public sealed class DatabaseFactsTests
{
    private static readonly DatabaseFacts Good = new(150_004, "15.4", "UTF8", false, false, "public", true, "forwarder");

    [Fact]
    public void ADatabaseOfTheOldestVersionIsUsed()
    {
        Assert.Null(Good.FindFault("db:5432", "events"));
        Assert.Null((Good with { VersionNumber = 150_000 }).FindFault("db:5432", "events"));
    }

    [Fact]
    public void AnOlderServerIsNamedWithItsVersion() => Assert.Equal(
        "PostgreSQL at db:5432 is version 14.11; SiemForwarder needs 15 or newer: upgrade it, or set another server in ConnectionStrings__Forwarder.",
        (Good with { VersionNumber = 140_011, Version = "14.11" }).FindFault("db:5432", "events"));

    [Fact]
    public void AStandbyIsToldApartFromADatabaseThatOnlyReads()
    {
        Assert.Equal(
            "The database 'events' at db:5432 accepts no writes (the server is a standby): set the primary server in ConnectionStrings__Forwarder.",
            (Good with { IsStandby = true, IsReadOnly = true }).FindFault("db:5432", "events"));
        Assert.Contains("accepts no writes (read-only)", (Good with { IsReadOnly = true }).FindFault("db:5432", "events"), StringComparison.Ordinal);
    }

    [Fact]
    public void AMissingRightIsNamedWithTheStatementThatGivesIt() => Assert.EndsWith(
        "run GRANT CREATE, USAGE ON SCHEMA public TO \"forwarder\".",
        (Good with { Schema = null, MayCreate = false }).FindFault("db:5432", "events"), StringComparison.Ordinal);
}
