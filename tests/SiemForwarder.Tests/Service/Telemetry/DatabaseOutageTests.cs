using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Npgsql;
using SiemForwarder.Service.Telemetry;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Service.Telemetry;

/// <summary>An outage of the database is two lines of the log, however long it lasts and whoever waits.</summary>
public sealed class DatabaseOutageTests
{
    private readonly TestClock clock = new();
    private readonly Lines lines = new();
    private readonly DatabaseOutage outage;

    public DatabaseOutageTests() => outage = new DatabaseOutage(clock, lines);

    [Fact]
    public void ItIsToldOnceThatTheDatabaseIsLostAndOnceThatItIsBack()
    {
        for (var i = 0; i < 45; i++)
        {
            Assert.True(outage.Note(new NpgsqlException("Failed to connect", new SocketException(111))));
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        outage.Answered();
        Assert.True(outage.IsLost);
        clock.Advance(TimeSpan.FromSeconds(6));
        outage.Answered();
        outage.Answered();

        Assert.Equal(
            ["Warning The database is unavailable: Failed to connect. Nothing is lost; work resumes automatically. /health/ready says what is waiting.",
                "Information The database is available again after 45 s."],
            lines.All);
    }

    [Fact]
    public void AnAnswerBetweenTwoFaultsIsNoReturn()
    {
        outage.Note(new TimeoutException("slow"));
        outage.Answered();
        clock.Advance(TimeSpan.FromSeconds(5));
        outage.Note(new TimeoutException("slow"));
        clock.Advance(TimeSpan.FromSeconds(5));
        outage.Answered();

        Assert.Single(lines.All);
    }

    [Theory]
    [InlineData("40P01")]
    [InlineData("42501")]
    public void AStatementThatFailedAloneIsNoOutage(string state)
    {
        Assert.False(outage.Note(new PostgresException("no", "ERROR", "ERROR", state)));
        Assert.Empty(lines.All);
    }

    private sealed class Lines : ILogger<DatabaseOutage>
    {
        public List<string> All { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            All.Add($"{logLevel} {formatter(state, exception)}");
    }
}
