using System.Text.RegularExpressions;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.HouseRules;

/// <summary>Migrations only add, so that engines of the version before go on working on the same database.</summary>
public sealed partial class MigrationTests
{
    [Fact]
    public void NoMigrationTakesAnythingAwayFromTheVersionBefore()
    {
        var files = Directory.GetFiles(Path.Combine(RepositoryFiles.Root, "src/SiemForwarder.Service/Storage/Migrations"), "*.sql");

        Assert.NotEmpty(files);
        Assert.Empty(files.Where(file => Path.GetFileName(file) != "0001_initial.sql").SelectMany(Offences));
    }

    [Theory]
    [InlineData("ALTER TABLE a DROP COLUMN b;", 1)]
    [InlineData("ALTER TABLE a RENAME COLUMN b TO c;", 1)]
    [InlineData("ALTER TABLE a ALTER COLUMN b TYPE bigint;", 1)]
    [InlineData("ALTER TABLE a ADD COLUMN b text NOT NULL;", 1)]
    [InlineData("ALTER TABLE a ADD COLUMN b text NOT NULL DEFAULT '';", 0)]
    [InlineData("DELETE FROM a;", 1)]
    [InlineData("CREATE TABLE a (b text CHECK (b IN ('update', 'delete')));", 0)]
    [InlineData("CREATE TRIGGER a BEFORE UPDATE OR DELETE OR TRUNCATE ON b EXECUTE FUNCTION c();", 0)]
    [InlineData("-- what was DROP before\nALTER TABLE a ADD COLUMN b text;", 0)]
    public void WhatTakesSomethingAwayIsFound(string sql, int offences) => Assert.Equal(offences, OffencesIn(sql, "test").Count());

    private static IEnumerable<string> Offences(string file) => OffencesIn(File.ReadAllText(file), Path.GetFileName(file));

    private static IEnumerable<string> OffencesIn(string sql, string name)
    {
        var statements = Comment().Replace(sql, string.Empty).Split(';');
        return statements.Where(statement => TakesAway().IsMatch(statement) || AddedColumns(statement).Any(IsDemanded)).Select(statement => $"{name}: {statement.Trim()}");
    }

    private static IEnumerable<string> AddedColumns(string statement) => statement.Split("ADD COLUMN").Skip(1);

    private static bool IsDemanded(string column) => Demanded().IsMatch(column) && !column.Contains("DEFAULT", StringComparison.Ordinal);

    [GeneratedRegex("(?<!IS )NOT NULL")]
    private static partial Regex Demanded();

    [GeneratedRegex("--[^\n]*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"\b(DROP|RENAME)\b|(?<!OR )\bTRUNCATE\b|(?<!O[NR] )(?<!')\bDELETE\b|ALTER COLUMN \w+ (TYPE|SET NOT NULL)", RegexOptions.IgnoreCase)]
    private static partial Regex TakesAway();
}
