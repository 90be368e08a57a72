using System.Text.Json.Nodes;
using SiemForwarder.Service.Commands.Client;

namespace SiemForwarder.Tests.Service.Commands;

/// <summary>How commands write: tables, JSON and progress that no text can break out of.</summary>
public sealed class CommandOutputTests : IDisposable
{
    private const string Typed = "a\u001B[31m\r\n\u009B\u202Eb     c\u3000 d";

    private readonly StringWriter output = new() { NewLine = "\n" };
    private readonly StringWriter error = new() { NewLine = "\n" };

    [Fact]
    public async Task ACellIsOneLineWithoutTheSpacesThatSeparateColumns()
    {
        await New().WriteTableAsync(["NAME", "NEXT"], [[Typed, 1]]);

        Assert.Equal("NAME          NEXT\na [31m b c d  1\n", output.ToString());
    }

    [Fact]
    public async Task JsonKeepsEveryCharacterButNamesThoseThatActOnATerminal()
    {
        await New().WriteJsonAsync(new { Text = Typed });

        var written = output.ToString();
        Assert.DoesNotContain(written.Replace("\n", "", StringComparison.Ordinal), character => char.IsControl(character) || character == '\u202E');
        Assert.Equal(Typed, (string?)JsonNode.Parse(written)!["text"]);
    }

    [Fact]
    public async Task ProgressIsABarOnATerminalAndNothingElsewhere()
    {
        await New().ShowProgressAsync(50, "1 min left");
        Assert.Equal("", error.ToString());

        await New(isTerminal: true).ShowProgressAsync(50, Typed);

        Assert.Equal("\r[###############...............]  50.0 % a [31m b     c\u3000 d\u001B[K", error.ToString());
    }

    [Theory]
    [InlineData(0.4, "0 s")]
    [InlineData(59, "59 s")]
    [InlineData(61, "1 min")]
    [InlineData(7500, "2 h 5 min")]
    [InlineData(356_400, "4 d 3 h")]
    [InlineData(-5, "0 s")]
    public void DurationsAreReadAtAGlance(double seconds, string text) => Assert.Equal(text, ShownValue.Duration(TimeSpan.FromSeconds(seconds)));

    public void Dispose()
    {
        output.Dispose();
        error.Dispose();
    }

    private CommandOutput New(bool isTerminal = false) => new(output, error, false, isTerminal, false);
}
