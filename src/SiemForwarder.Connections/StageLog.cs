namespace SiemForwarder.Connections;

/// <summary>Collects the stages of a test with their times.</summary>
public sealed class StageLog(TimeProvider timeProvider)
{
    private static readonly string[] InOrder =
        [TestStageName.Resolve, TestStageName.Connect, TestStageName.Tls, TestStageName.Authentication, TestStageName.Acceptance];

    private readonly List<TestStage> stages = [];
    private long startedAt = timeProvider.GetTimestamp();

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
        var now = timeProvider.GetTimestamp();
        stages.Add(new TestStage(name, result, detail, advice, timeProvider.GetElapsedTime(startedAt, now)));
        startedAt = now;
    }
}
