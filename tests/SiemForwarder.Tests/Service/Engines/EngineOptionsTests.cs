using SiemForwarder.Service.Engines;

namespace SiemForwarder.Tests.Service.Engines;

public sealed class EngineOptionsTests
{
    [Fact]
    public void TheUsualNameTellsContainersOfOneHostNameApartAndStaysTheSameWhileTheProcessLives()
    {
        var name = new EngineOptions().Name;

        Assert.Matches($"^{System.Text.RegularExpressions.Regex.Escape($"{Environment.MachineName}-{Environment.ProcessId}")}-[0-9a-f]{{6}}$", name);
        Assert.Equal(name, new EngineOptions().Name);
    }
}
