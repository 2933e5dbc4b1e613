using System.Reflection;
using System.Text.RegularExpressions;
using Dapper;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;
using Muster.Integrations.Sqlite;

namespace Muster.ControlPlane.Tests.Work;

/// <summary>What runs for every task that is given out or handed in begins with the rows it is given and finds the others by their keys.</summary>
public sealed class HotStatementTests
{
    [Fact]
    public async Task No_hot_statement_walks_a_table()
    {
        Assert.SkipUnless(string.IsNullOrEmpty(Environment.GetEnvironmentVariable("MUSTER_TEST_STORE")), "Plans are those of the embedded engine.");
        await using var plane = await TestPlane.StartAsync();
        var statements = new[] { typeof(ClaimTasks), typeof(CompleteAssignments), typeof(Readiness) }.SelectMany(t => t.GetFields(BindingFlags.Static | BindingFlags.NonPublic))
            .Where(f => f.FieldType == typeof(RowsStatement)).Select(f => (f.Name, Statement: (RowsStatement)f.GetValue(null)!)).ToList();
        Assert.True(statements.Count >= 10);
        foreach (var (name, statement) in statements)
        {
            var sql = Regex.Replace(SqliteRowsRunner.Spell(statement), @"\?\d+", "1", RegexOptions.None, TimeSpan.FromSeconds(1));
            var steps = (await plane.Store.ReadAsync(c => c.QueryAsync<(int Id, int Parent, int Unused, string Detail)>("EXPLAIN QUERY PLAN " + sql))).Select(s => s.Detail).ToList();
            // The statement for one row begins by a key; only what it found so is gone through.
            Assert.DoesNotContain(steps, s => s.StartsWith("SCAN", StringComparison.Ordinal) && s is not ("SCAN s" or "SCAN CONSTANT ROW"));
            Assert.True(statement.Sql.StartsWith("INSERT", StringComparison.Ordinal) || steps.Exists(s => s.StartsWith("SEARCH", StringComparison.Ordinal)), $"{name} looks for nothing: {string.Join("; ", steps)}");
        }
    }
}
