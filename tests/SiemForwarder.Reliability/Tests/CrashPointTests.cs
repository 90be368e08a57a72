using SiemForwarder.Reliability.Scenarios;
using SiemForwarder.Service;
using Xunit;

namespace SiemForwarder.Reliability.Tests;

/// <summary>The crash points and the scenarios name the same places.</summary>
public sealed class CrashPointTests
{
    [Fact]
    public void EveryCrashPointHasAScenario() => Assert.Equal(
        CrashPoint.All.Order(StringComparer.Ordinal),
        Catalogue.All.Where(one => one.Family == "crash points").Select(one => one.Name["crash ".Length..]).Order(StringComparer.Ordinal));

    [Fact]
    public void EveryScenarioHasANameOfItsOwn() =>
        Assert.Equal(Catalogue.All.Count, Catalogue.All.Select(one => one.Name).Distinct().Count());
}
