namespace SiemForwarder.EndToEnd.Support;

/// <summary>One running service for all tests of a class.</summary>
public sealed class RunningForwarder(TestPostgres postgres) : IAsyncLifetime
{
    private ForwarderApplication? application;

    /// <summary>The service, started at its first use; the test is skipped where there is no PostgreSQL.</summary>
    internal async Task<ForwarderApplication> GetAsync() => application ??= await ForwarderApplication.StartAsync(postgres);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => application?.DisposeAsync() ?? ValueTask.CompletedTask;
}
