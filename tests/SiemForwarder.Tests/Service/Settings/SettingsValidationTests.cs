using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using SiemForwarder.Service;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Settings;

namespace SiemForwarder.Tests.Service.Settings;

/// <summary>A wrong setting is told by the name under which it is set; a name that nothing reads is found.</summary>
public sealed class SettingsValidationTests
{
    [Theory]
    [InlineData("Forwarder:EventLog:RetentionDays", "0", "Forwarder__EventLog__RetentionDays is 0; it must be from 1 to 3650.")]
    [InlineData("Forwarder:EventLog:RetentionInterval", "-00:00:01", "Forwarder__EventLog__RetentionInterval is -00:00:01; it must be longer than 00:00:00.")]
    public void AWrongValueIsToldByItsNameInTheEnvironment(string path, string value, string fault)
    {
        var exception = Assert.Throws<OptionsValidationException>(() => Read<EventLogOptions>(EventLogOptions.Section, path, value));

        Assert.Equal(fault, exception.Message);
    }

    [Fact]
    public void AListOfWordsTakesOnlyWordsThatAreKnown()
    {
        var exception = Assert.Throws<OptionsValidationException>(() => Read<EngineOptions>(EngineOptions.Section, "Forwarder:Engine:Roles:0", "pol"));

        Assert.Equal("Forwarder__Engine__Roles__0 is 'pol'; it must be one of api, poll, dispatch. Did you mean 'poll'?", exception.Message);
        Assert.Equal(["POLL"], Read<EngineOptions>(EngineOptions.Section, "Forwarder:Engine:Roles:0", "POLL").Roles);
    }

    [Fact]
    public void AllWrongValuesOfASectionAreToldAtOnce()
    {
        var exception = Assert.Throws<OptionsValidationException>(() => Read<EventLogOptions>(
            EventLogOptions.Section, "Forwarder:EventLog:RetentionDays", "0", "Forwarder:EventLog:MaxBytes", "-1"));

        Assert.Equal(2, exception.Failures.Count());
    }

    [Theory]
    [InlineData("Forwarder:EngineName", "a", "Forwarder__EngineName is not a setting; did you mean Forwarder__Engine__Name?")]
    [InlineData("Forwarder:EventLog:RetentionDay", "1", "Forwarder__EventLog__RetentionDay is not a setting; did you mean Forwarder__EventLog__RetentionDays?")]
    [InlineData("Forwarder:RetentionDays", "1", "Forwarder__RetentionDays is not a setting; did you mean Forwarder__EventLog__RetentionDays?")]
    [InlineData("Forwarder:EventLog:RetentionDays:0", "1", "Forwarder__EventLog__RetentionDays__0 is not a setting; did you mean Forwarder__EventLog__RetentionDays?")]
    [InlineData("Forwarder:Nonsense", "1", "Forwarder__Nonsense is not a setting; docs/settings.md lists all settings.")]
    [InlineData("Forwarder:Engine:Roles", "poll", "Forwarder__Engine__Roles is a list with one setting per entry: set Forwarder__Engine__Roles__0, Forwarder__Engine__Roles__1 and so on.")]
    [InlineData("Forwarder:EventLog:RetentionDays", "ten", "Forwarder__EventLog__RetentionDays is 'ten'; it must be a whole number.")]
    [InlineData("Forwarder:EventLog:IndexEnabled", "yes", "Forwarder__EventLog__IndexEnabled is 'yes'; it must be true or false.")]
    [InlineData("Forwarder:Engine:LeaseDuration", "6s", "Forwarder__Engine__LeaseDuration is '6s'; it must be a time span such as 00:00:30 (d.hh:mm:ss).")]
    [InlineData("Forwarder:Log:Format", "xml", "Forwarder__Log__Format is 'xml'; it must be one of text, json.")]
    [InlineData("ConnectionStrings:Forwader", "Host=x", "ConnectionStrings__Forwader is not a setting; did you mean ConnectionStrings__Forwarder?")]
    public void WhatCannotBeMeantIsToldWithWhatIs(string path, string value, string fault) =>
        Assert.Equal([fault], SettingsCheck.Find(Configuration(path, value), ForwarderHost.Sections(), "Forwarder:CrashPoint"));

    [Fact]
    public void WhatIsReadIsNoFaultWhateverItsCase() => Assert.Empty(SettingsCheck.Find(
        Configuration(
            "Forwarder:EventLog:RetentionDays", "1", "Forwarder:Engine:Pools:0", "p", "Forwarder:FileDestination:Folder", "/tmp", "forwarder:engine:name", "b",
            "Forwarder:CrashPoint", "x", "Forwarder:Access:Oidc:Roles:siem-admin:0", "boss", "Forwarder:Access:ProbePort", "81", "Other:Thing", "1",
            "ConnectionStrings:Forwarder", "Host=x", "ConnectionStrings:Shop", "Host=y", "Forwarder:Engine:Roles", ""),
        ForwarderHost.Sections(), "Forwarder:CrashPoint"));

    [Theory]
    [InlineData("--urls=127.0.0.1:8080", "the configured address '127.0.0.1:8080' is not a URL")]
    [InlineData("--urls=http://127.0.0.1:8080/siem", "set Forwarder__Access__PathBase")]
    [InlineData("--http_ports=http", "'http'")]
    [InlineData("--Forwarder:Engine:Roles:0=polls", "Forwarder__Engine__Roles__0 is 'polls'; it must be one of api, poll, dispatch. Did you mean 'poll'?")]
    [InlineData("--Forwarder:Access:PathBase=siem", "Forwarder__Access__PathBase must be a path")]
    [InlineData("--Forwarder:Access:PathBase=/api", "Forwarder__Access__PathBase must be a path")]
    [InlineData("--Forwarder:Access:TrustedProxies:0=proxy", "Forwarder__Access__TrustedProxies must contain only addresses")]
    [InlineData("--Serilog:MinimumLevel:Default=Informaton", "Serilog__")]
    public async Task TheStartIsRefusedBeforeADatabaseIsOpened(string argument, string fault) =>
        Assert.Contains(fault, Assert.Single(await ForwarderHost.FindWrongSettingsAsync([argument])), StringComparison.Ordinal);

    private static T Read<T>(string section, params string[] settings)
        where T : class
    {
        var services = new ServiceCollection().AddSingleton<IConfiguration>(Configuration(settings)).AddSettings<T>(section);
        using var provider = services.BuildServiceProvider();
        return provider.GetRequiredService<IOptions<T>>().Value;
    }

    private static IConfigurationRoot Configuration(params string[] settings) =>
        new ConfigurationBuilder().AddInMemoryCollection(settings.Chunk(2).Select(pair => KeyValuePair.Create(pair[0], (string?)pair[1]))).Build();
}
