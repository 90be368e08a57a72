using SiemForwarder.Service;
using SiemForwarder.Service.Commands;

namespace SiemForwarder.Tests.Service.Commands;

/// <summary>What the command line takes, and what it says of the rest.</summary>
public sealed class CommandArgumentsTests
{
    private static readonly string[] Settings = [.. ForwarderHost.Sections().SelectMany(section => section.List()).Select(one => one.Path)];

    [Theory]
    [InlineData("--urls=http://127.0.0.1:1")]
    [InlineData("--urls", "http://127.0.0.1:1")]
    [InlineData("--Forwarder:EventLog:RetentionDays=1", "--Serilog:MinimumLevel:Default=Debug", "--ConnectionStrings:Forwarder=Host=x")]
    public void SettingsAreTaken(params string[] args) => Assert.Null(CommandArguments.FindFault(args, Settings));

    [Theory]
    [InlineData("'helth' is not a command; did you mean 'health'? See --help.", "helth")]
    [InlineData("'statsu' is not a command; did you mean 'status'? See --help.", "statsu")]
    [InlineData("'serve' is not a command. See --help.", "serve")]
    [InlineData("--verison is not an option; did you mean --version? See --help.", "--verison")]
    [InlineData("--url is not an option; did you mean --urls? See --help.", "--url=http://127.0.0.1:1")]
    [InlineData("--Forwarder__EventLog__RetentionDays is not an option; did you mean --Forwarder:EventLog:RetentionDays? See --help.",
        "--Forwarder__EventLog__RetentionDays=1")]
    [InlineData("--RetentionDays is not an option; did you mean --Forwarder:EventLog:RetentionDays? See --help.", "--RetentionDays=1")]
    [InlineData("The option --urls needs a value: --urls=VALUE.", "--urls")]
    [InlineData("The option --urls needs a value: --urls=VALUE.", "--urls", "--Forwarder:EventLog:RetentionDays=1")]
    public void TheRestIsRefusedWithWhatIsMeant(string fault, params string[] args) => Assert.Equal(fault, CommandArguments.FindFault(args, Settings));

    [Fact]
    public void TheUsageListsEveryCommand() => Assert.All(
        CommandArguments.Commands.Except(["serve", "help", "version"]), command => Assert.Matches($"(?m)^  (siemforwarder )?{command} ", CommandArguments.Usage));
}
