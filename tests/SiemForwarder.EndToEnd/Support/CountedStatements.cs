using System.Collections.Concurrent;
using System.Diagnostics;

namespace SiemForwarder.EndToEnd.Support;

/// <summary>The statements that a test itself has the database run, as its driver reports them; not those of the loops beside it.</summary>
internal sealed class CountedStatements : IDisposable
{
    private readonly ConcurrentQueue<string> statements = new();
    private readonly Activity trace;
    private readonly ActivityListener listener;

    private CountedStatements()
    {
        trace = new Activity("a test").Start();
        listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Npgsql",
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                options.Parent.TraceId == trace.TraceId ? ActivitySamplingResult.AllData : ActivitySamplingResult.None,
            ActivityStopped = Note,
        };
        ActivitySource.AddActivityListener(listener);
    }

    public IReadOnlyList<string> All => [.. statements];

    /// <summary>Counts what is asked in this flow of calls until it is disposed.</summary>
    public static CountedStatements Start() => new();

    public void Dispose()
    {
        listener.Dispose();
        trace.Dispose();
    }

    private void Note(Activity activity)
    {
        if (activity.TraceId == trace.TraceId && activity.TagObjects.FirstOrDefault(tag => tag.Key is "db.query.text" or "db.statement").Value is string text)
        {
            statements.Enqueue(text);
        }
    }
}
