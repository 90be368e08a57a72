namespace SiemForwarder.Connections;

/// <summary>How a stage of a test ended.</summary>
public enum TestStageResult
{
    Passed,
    Failed,

    /// <summary>Not reached, or there is no such stage on this transport.</summary>
    Skipped,
}

/// <summary>One stage of a test: name resolution, connection, TLS, authentication, acceptance.</summary>
/// <param name="Name">One of <see cref="TestStageName"/>.</param>
/// <param name="Result">How it ended.</param>
/// <param name="Detail">What was seen: addresses, protocol, certificate, status line.</param>
/// <param name="Advice">What to change where it failed; null where it passed.</param>
/// <param name="Elapsed">How long it took.</param>
public sealed record TestStage(string Name, TestStageResult Result, string Detail, string? Advice, TimeSpan Elapsed);

/// <summary>The names of the stages, in their order.</summary>
public static class TestStageName
{
    public const string Resolve = "name resolution";
    public const string Connect = "connection";
    public const string Tls = "TLS";
    public const string Authentication = "authentication";
    public const string Acceptance = "acceptance";
}

/// <summary>What a test found: the stages, the exact bytes that went out, and what came back.</summary>
/// <param name="Stages">All five stages in their order.</param>
/// <param name="Sent">Bytes on the wire with framing; for HTTP the request line, headers with secrets masked, and the body before compression.</param>
/// <param name="Received">What the receiver answered, at most 4 KiB; empty where nothing came.</param>
public sealed record TestReport(IReadOnlyList<TestStage> Stages, ReadOnlyMemory<byte> Sent, ReadOnlyMemory<byte> Received)
{
    public bool Succeeded => Stages.All(stage => stage.Result != TestStageResult.Failed);
}

/// <summary>Collects the stages of a test with their times.</summary>
public sealed class StageLog(TimeProvider time)
{
    private static readonly string[] InOrder =
        [TestStageName.Resolve, TestStageName.Connect, TestStageName.Tls, TestStageName.Authentication, TestStageName.Acceptance];

    private readonly List<TestStage> stages = [];
    private long startedAt = time.GetTimestamp();

    public void Passed(string name, string detail) => Add(name, TestStageResult.Passed, detail, null);

    public void Failed(string name, Fault fault) => Add(name, TestStageResult.Failed, fault.What, fault.Advice);

    public void Skipped(string name, string detail) => Add(name, TestStageResult.Skipped, detail, null);

    /// <summary>The report; stages that were not reached are filled in.</summary>
    public TestReport ToReport(ReadOnlyMemory<byte> sent, ReadOnlyMemory<byte> received)
    {
        var report = InOrder.Select(name => stages.Find(stage => stage.Name == name)
            ?? new TestStage(name, TestStageResult.Skipped, "not reached", null, TimeSpan.Zero));
        return new TestReport([.. report], sent, received);
    }

    private void Add(string name, TestStageResult result, string detail, string? advice)
    {
        var now = time.GetTimestamp();
        stages.Add(new TestStage(name, result, detail, advice, time.GetElapsedTime(startedAt, now)));
        startedAt = now;
    }
}
