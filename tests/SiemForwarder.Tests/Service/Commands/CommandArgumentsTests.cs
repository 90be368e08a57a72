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
    [InlineData("'helth' is no command; did you mean 'health'? --help shows what there is.", "helth")]
    [InlineData("'serve' is no command; --help shows what there is.", "serve")]
    [InlineData("--verison is no option; did you mean --version? --help shows what there is.", "--verison")]
    [InlineData("--url is no option; did you mean --urls? --help shows what there is.", "--url=http://127.0.0.1:1")]
    [InlineData("--Forwarder__EventLog__RetentionDays is no option; did you mean --Forwarder:EventLog:RetentionDays? --help shows what there is.",
        "--Forwarder__EventLog__RetentionDays=1")]
    [InlineData("--RetentionDays is no option; did you mean --Forwarder:EventLog:RetentionDays? --help shows what there is.", "--RetentionDays=1")]
    [InlineData("The option --urls needs a value: --urls=VALUE.", "--urls")]
    [InlineData("The option --urls needs a value: --urls=VALUE.", "--urls", "--Forwarder:EventLog:RetentionDays=1")]
    public void TheRestIsRefusedWithWhatIsMeant(string fault, params string[] args) => Assert.Equal(fault, CommandArguments.FindFault(args, Settings));
}
