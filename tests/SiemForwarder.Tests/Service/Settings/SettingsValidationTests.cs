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

        Assert.Equal("Forwarder__Engine__Roles holds a word that is not known; each must be one of api, poll, dispatch.", exception.Message);
        Assert.Equal(["POLL"], Read<EngineOptions>(EngineOptions.Section, "Forwarder:Engine:Roles:0", "POLL").Roles);
    }

    [Fact]
    public void AllWrongValuesOfASectionAreToldAtOnce()
    {
        var exception = Assert.Throws<OptionsValidationException>(() => Read<EventLogOptions>(
            EventLogOptions.Section, "Forwarder:EventLog:RetentionDays", "0", "Forwarder:EventLog:MaxBytes", "-1"));

        Assert.Equal(2, exception.Failures.Count());
    }

    [Fact]
    public void ANameThatNothingReadsIsFound()
    {
        var configuration = Configuration(
            "Forwarder:EngineName", "a", "Forwarder:EventLog:RetentionDay", "1", "Forwarder:EventLog:RetentionDays", "1", "Forwarder:Engine:Pools:0", "p",
            "Forwarder:FileDestination:Folder", "/tmp", "forwarder:engine:name", "b", "Forwarder:CrashPoint", "x", "Other:Thing", "1");
        SettingsSection[] sections =
            [new(ForwarderOptions.Section, typeof(ForwarderOptions)), new(EventLogOptions.Section, typeof(EventLogOptions)), new(EngineOptions.Section, typeof(EngineOptions))];

        Assert.Equal(["Forwarder__EngineName", "Forwarder__EventLog__RetentionDay"], SettingsRegistration.FindUnknown(configuration, sections, "Forwarder:CrashPoint"));
    }

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
