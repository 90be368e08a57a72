using SiemForwarder.Service.Audit;

namespace SiemForwarder.Tests.Service.Audit;

/// <summary>The chain of the audit trail breaks wherever a row is changed, taken out, put in or moved.</summary>
public sealed class AuditChainTests
{
    private static readonly AuditEntry Entry = new(
        AuditKind.Configuration, "alice", "key 0123456789abcdef", "10.0.0.1", "integration.update", "integration:3", "splunk", AuditOutcome.Success, 200,
        """{"a":1}""", """{"a":2}""");

    [Fact]
    public void RowsThatFollowEachOtherAreWhole() => Assert.Null(FirstBreak(Chain(5)));

    [Theory]
    [MemberData(nameof(Changes))]
    public void AChangeOfAnyFieldIsFound(string field)
    {
        var rows = Chain(3);
        rows[1] = field switch
        {
            "at" => rows[1] with { At = rows[1].At.AddMicroseconds(1) },
            "status" => rows[1] with { Entry = rows[1].Entry with { Status = 201 } },
            "before" => rows[1] with { Entry = rows[1].Entry with { Before = null } },
            "after" => rows[1] with { Entry = rows[1].Entry with { After = """{"a": 2}""" } },
            "detail" => rows[1] with { Entry = rows[1].Entry with { Detail = "" } },
            "caller" => rows[1] with { Entry = rows[1].Entry with { Caller = "mallory" } },
            // The same characters, cut elsewhere.
            "boundary" => rows[1] with { Entry = rows[1].Entry with { Target = "integration:", Name = "3splunk" } },
            _ => rows[1] with { Entry = rows[1].Entry with { Outcome = AuditOutcome.Refused } },
        };

        Assert.Equal("Row 2 was changed after it was written.", FirstBreak(rows));
    }

    [Fact]
    public void ARowThatIsTakenOutPutInOrMovedIsFound()
    {
        var without = Chain(4);
        without.RemoveAt(1);
        Assert.Equal("Row 2 is missing.", FirstBreak(without));

        var forged = Chain(3);
        forged[1] = AuditChain.Follow(1, forged[0].Hash, forged[1].At, Entry with { Caller = "mallory" });
        Assert.Equal("Row 3 does not follow the previous row.", FirstBreak(forged));

        var moved = Chain(3);
        (moved[0], moved[1]) = (moved[1], moved[0]);
        Assert.Equal("Row 1 is missing.", FirstBreak(moved));
    }

    [Theory]
    [InlineData("CreateIntegration", "integration.create")]
    [InlineData("UpdateEnginePool", "engine_pool.update")]
    [InlineData("RedriveSetAside", "set_aside.redrive")]
    public void AnActionIsNamedByItsEndpoint(string endpoint, string action) => Assert.Equal(action, ChangeRecorder.ActionOf(endpoint));

    public static TheoryData<string> Changes => ["at", "status", "before", "after", "detail", "caller", "boundary", "outcome"];

    private static List<AuditRow> Chain(int count)
    {
        var rows = new List<AuditRow>();
        for (var i = 0; i < count; i++)
        {
            rows.Add(AuditChain.Follow(
                i, i == 0 ? AuditChain.Beginning : rows[^1].Hash, new DateTimeOffset(2026, 1, 31, 10, 0, i, TimeSpan.Zero), Entry));
        }

        return rows;
    }

    private static string? FirstBreak(List<AuditRow> rows)
    {
        var (id, hash) = (0L, AuditChain.Beginning);
        foreach (var row in rows)
        {
            if (AuditChain.FindBreak(id, hash, row) is { } fault)
            {
                return fault;
            }

            (id, hash) = (row.Id, row.Hash);
        }

        return null;
    }
}
