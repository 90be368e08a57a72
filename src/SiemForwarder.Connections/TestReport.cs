namespace SiemForwarder.Connections;

/// <summary>The result of a test stage.</summary>
public enum TestStageResult
{
    Passed,
    Failed,

    /// <summary>Not reached, or the transport has no such stage.</summary>
    Skipped,
}

/// <summary>One stage of a test: name resolution, connection, TLS, authentication, acceptance.</summary>
/// <param name="Name">One of <see cref="TestStageName"/>.</param>
/// <param name="Result">Its result.</param>
/// <param name="Detail">What was observed: addresses, protocol, certificate, status line.</param>
/// <param name="Advice">What to change if it failed; null if it passed.</param>
/// <param name="Elapsed">How long it took.</param>
public sealed record TestStage(string Name, TestStageResult Result, string Detail, string? Advice, TimeSpan Elapsed);

/// <summary>The names of the stages, in order.</summary>
public static class TestStageName
{
    public const string Resolve = "name resolution";
    public const string Connect = "connection";
    public const string Tls = "TLS";
    public const string Authentication = "authentication";
    public const string Acceptance = "acceptance";
}

/// <summary>The result of a test: the stages, the exact bytes sent, and what came back.</summary>
/// <param name="Stages">All five stages, in order.</param>
/// <param name="Sent">Bytes on the wire including framing; for HTTP the request line, headers with secrets masked, and the body before compression.</param>
/// <param name="Received">The receiver's response, at most 4 KiB; empty if there was none.</param>
public sealed record TestReport(IReadOnlyList<TestStage> Stages, ReadOnlyMemory<byte> Sent, ReadOnlyMemory<byte> Received)
{
    public bool Succeeded => Stages.All(stage => stage.Result != TestStageResult.Failed);
}

/// <summary>Collects the stages of a test with their durations.</summary>
public sealed class StageLog(TimeProvider time)
{
    private static readonly string[] InOrder =
        [TestStageName.Resolve, TestStageName.Connect, TestStageName.Tls, TestStageName.Authentication, TestStageName.Acceptance];

    private static readonly AsyncLocal<Action<TestStage>?> Watcher = new();

    private readonly List<TestStage> stages = [];
    private long startedAt = time.GetTimestamp();

    /// <summary>Tells <paramref name="told"/> of every stage of the tests that the caller runs from now on, when it ends; disposing ends that.</summary>
    public static IDisposable Watch(Action<TestStage> told)
    {
        Watcher.Value = told;
        return new Watching();
    }

    public void Passed(string name, string detail) => Add(name, TestStageResult.Passed, detail, null);

    public void Failed(string name, Fault fault) => Add(name, TestStageResult.Failed, fault.What, fault.Advice);

    public void Skipped(string name, string detail) => Add(name, TestStageResult.Skipped, detail, null);

    /// <summary>The report; stages that were not reached are added.</summary>
    public TestReport ToReport(ReadOnlyMemory<byte> sent, ReadOnlyMemory<byte> received)
    {
        var report = InOrder.Select(name => stages.Find(stage => stage.Name == name)
            ?? new TestStage(name, TestStageResult.Skipped, "not reached", null, TimeSpan.Zero));
        return new TestReport([.. report], sent, received);
    }

    private void Add(string name, TestStageResult result, string detail, string? advice)
    {
        var now = time.GetTimestamp();
        var stage = new TestStage(name, result, detail, advice, time.GetElapsedTime(startedAt, now));
        stages.Add(stage);
        startedAt = now;
        Watcher.Value?.Invoke(stage);
    }

    private sealed class Watching : IDisposable
    {
        public void Dispose() => Watcher.Value = null;
    }
}
