using System.Collections.Concurrent;

namespace SiemForwarder.Service.Telemetry;

/// <summary>Forwards entries to the log with exceptions whose text cannot be mistaken for entries (<see cref="SafeLog"/>).</summary>
internal sealed class SafeLoggerFactory(ILoggerFactory log) : ILoggerFactory
{
    // ASP.NET Core asks for loggers with every request, and the factory behind this one makes new ones.
    private readonly ConcurrentDictionary<string, ILogger> loggers = new(StringComparer.Ordinal);

    public ILogger CreateLogger(string categoryName) => loggers.GetOrAdd(categoryName, static (name, log) => new SafeLogger(log.CreateLogger(name)), log);

    public void AddProvider(ILoggerProvider provider) => log.AddProvider(provider);

    public void Dispose() => log.Dispose();

    private sealed class SafeLogger(ILogger log) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => log.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => log.IsEnabled(logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            log.Log(logLevel, eventId, state, exception is null ? null : new ToldException(exception), formatter);
    }

    // Only its text matters: that is what the log writes.
    private sealed class ToldException(Exception told) : Exception(SafeLog.Escape(told.Message))
    {
        public override string ToString() => SafeLog.Lines(told);
    }
}
