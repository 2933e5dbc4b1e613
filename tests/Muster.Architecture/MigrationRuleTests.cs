using System.Text.RegularExpressions;

namespace Muster.Architecture;

/// <summary>
/// A step of the schema says whether it expands or contracts, and an expansion takes nothing away from a program that does
/// not know it: it makes tables, views and indices, and adds columns that may be left out when a row is written. An index that
/// only makes things fast may go.
/// </summary>
public sealed partial class MigrationRuleTests
{
    public static TheoryData<string> Steps =>
        [.. Directory.EnumerateFiles(Path.Combine(Source.Root, "src/Muster.ControlPlane/Storage/Migrations"), "*.sql").Select(f => Path.GetFileName(f)!).Where(f => !f.StartsWith("0001", StringComparison.Ordinal))];

    [Theory, MemberData(nameof(Steps))]
    [Trait("req", "B11")]
    public void A_step_says_what_it_is_and_an_expansion_takes_nothing_away(string step) =>
        Assert.Empty(Faults(File.ReadAllText(Path.Combine(Source.Root, "src/Muster.ControlPlane/Storage/Migrations", step))));

    [Fact]
    public void Steps_are_numbered_without_a_gap() => Assert.Equal(
        Enumerable.Range(1, Directory.EnumerateFiles(Path.Combine(Source.Root, "src/Muster.ControlPlane/Storage/Migrations"), "*.sql").Count()),
        Directory.EnumerateFiles(Path.Combine(Source.Root, "src/Muster.ControlPlane/Storage/Migrations"), "*.sql").Select(f => int.Parse(Path.GetFileName(f)[..4])).Order());

    [Theory]
    [InlineData("-- expand\nCREATE TABLE a (id TEXT PRIMARY KEY); CREATE UNIQUE INDEX a_one ON a (id);", true)]
    [InlineData("-- expand\nALTER TABLE tasks ADD COLUMN colour TEXT; -- DROP TABLE tasks;", true)]
    [InlineData("-- expand\nALTER TABLE tasks ADD COLUMN size INTEGER NOT NULL DEFAULT 0;", true)]
    [InlineData("-- expand\nCREATE INDEX tasks_by_size ON tasks (size);\nCREATE VIEW sizes AS SELECT size FROM tasks;", true)]
    [InlineData("-- contract, serves 1\nDROP TABLE tasks;", true)]
    [InlineData("-- expand\nDROP INDEX assignments_open_by_agent;", true)]
    [InlineData("-- expand\nDROP INDEX pulls_one_open;", false)]
    [InlineData("CREATE TABLE a (id TEXT PRIMARY KEY);", false)]
    [InlineData("-- expand\nALTER TABLE tasks ADD COLUMN size INTEGER NOT NULL;", false)]
    [InlineData("-- expand\nALTER TABLE tasks ADD COLUMN size INTEGER NOT NULL REFERENCES hosts (id);", false)]
    [InlineData("-- expand\nALTER TABLE tasks DROP COLUMN size;", false)]
    [InlineData("-- expand\nALTER TABLE tasks RENAME COLUMN size TO weight;", false)]
    [InlineData("-- expand\nALTER TABLE tasks ALTER COLUMN size TYPE BIGINT;", false)]
    [InlineData("-- expand\nCREATE TABLE a (id TEXT PRIMARY KEY); drop table tasks;", false)]
    [InlineData("-- expand\nDELETE FROM tasks;", false)]
    [InlineData("-- expand\nUPDATE tasks SET title = '';", false)]
    [InlineData("-- expand\nDROP VIEW active_tasks;", false)]
    [InlineData("-- expand\nCREATE UNIQUE INDEX tasks_one ON tasks (title);", false)]
    [InlineData("-- expand\nCREATE TRIGGER t AFTER INSERT ON tasks BEGIN DELETE FROM tasks; END;", false)]
    [InlineData("-- contract\nDROP TABLE tasks;", false)]
    public void The_rule_finds_what_would_break_the_release_before(string sql, bool harmless) => Assert.Equal(harmless, Faults(sql).Count == 0);

    private static List<string> Faults(string sql)
    {
        var first = sql.Split('\n')[0].Trim();
        if (Contraction().IsMatch(first)) return [];
        if (first != "-- expand") return ["It does not begin with '-- expand' or '-- contract, serves N'"];
        var statements = Comment().Replace(sql, "").Split(';').Select(s => Space().Replace(s, " ").Trim()).Where(s => s.Length > 0).ToList();
        var own = statements.Select(s => NewTable().Match(s)).Where(m => m.Success).Select(m => m.Groups["name"].Value).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return [.. statements.Where(s => !IsHarmless(s, own))];
    }

    private static bool IsHarmless(string statement, HashSet<string> own)
    {
        if (NewTable().IsMatch(statement) || NewView().IsMatch(statement)) return true;
        if (OldIndex().Match(statement) is { Success: true } old) return Texts().Any(s => s.Contains($"CREATE INDEX {old.Groups["name"].Value} ", StringComparison.Ordinal));
        // A new uniqueness refuses rows that the release before may still write.
        if (NewIndex().Match(statement) is { Success: true } index) return !index.Groups["unique"].Success || own.Contains(index.Groups["table"].Value);
        if (Rows().Match(statement) is { Success: true } rows) return own.Contains(rows.Groups["table"].Value);
        return NewColumn().Match(statement) is { Success: true } column
            && (!column.Groups["rest"].Value.Contains("NOT NULL", StringComparison.OrdinalIgnoreCase) || column.Groups["rest"].Value.Contains("DEFAULT", StringComparison.OrdinalIgnoreCase));
    }

    private static IEnumerable<string> Texts() => Directory.EnumerateFiles(Path.Combine(Source.Root, "src/Muster.ControlPlane/Storage/Migrations"), "*.sql").Select(File.ReadAllText);

    private const RegexOptions Loose = RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture;

    [GeneratedRegex("^-- contract, serves [0-9]{1,4}$", RegexOptions.None, 1000)]
    private static partial Regex Contraction();

    [GeneratedRegex("--[^\n]*", RegexOptions.None, 1000)]
    private static partial Regex Comment();

    [GeneratedRegex(@"\s+", RegexOptions.None, 1000)]
    private static partial Regex Space();

    [GeneratedRegex(@"^CREATE TABLE (?<name>\w+) ?\(", Loose, 1000)]
    private static partial Regex NewTable();

    [GeneratedRegex(@"^CREATE VIEW \w+ AS SELECT ", Loose, 1000)]
    private static partial Regex NewView();

    [GeneratedRegex(@"^CREATE (?<unique>UNIQUE )?INDEX \w+ ON (?<table>\w+) ?\(", Loose, 1000)]
    private static partial Regex NewIndex();

    [GeneratedRegex(@"^DROP INDEX (?<name>\w+)$", Loose, 1000)]
    private static partial Regex OldIndex();

    [GeneratedRegex(@"^INSERT INTO (?<table>\w+) ", Loose, 1000)]
    private static partial Regex Rows();

    [GeneratedRegex(@"^ALTER TABLE \w+ ADD COLUMN \w+ (?<rest>.*)$", Loose, 1000)]
    private static partial Regex NewColumn();
}
