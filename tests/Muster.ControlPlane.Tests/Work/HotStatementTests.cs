using System.Reflection;
using System.Text.RegularExpressions;
using Dapper;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Tests.Work;

/// <summary>What runs for every task that is given out or handed in begins with the rows it is given and finds the others by their keys.</summary>
public sealed class HotStatementTests
{
    [Fact]
    public async Task No_hot_statement_walks_a_table()
    {
        Assert.SkipUnless(string.IsNullOrEmpty(Environment.GetEnvironmentVariable("MUSTER_TEST_STORE")), "Plans are those of the embedded engine.");
        await using var plane = await TestPlane.StartAsync();
        var statements = new[] { typeof(ClaimTasks), typeof(CompleteAssignments) }.SelectMany(t => t.GetFields(BindingFlags.Static | BindingFlags.NonPublic))
            .Where(f => f.FieldType == typeof(RowsStatement)).Select(f => (f.Name, Statement: (RowsStatement)f.GetValue(null)!)).ToList();
        Assert.True(statements.Count >= 10);
        foreach (var (name, statement) in statements)
        {
            var fields = string.Join(", ", statement.Columns.Select((c, i) => $"json_extract(value, '$[{i}]') AS {c.Name}"));
            var sql = Regex.Replace(statement.Sql, @"\{lock [a-z]+( skip)?\}", "", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1))
                .Replace("{rows}", $"(SELECT {fields} FROM json_each('[]')) AS r", StringComparison.Ordinal).Replace("{now}", "1", StringComparison.Ordinal);
            var steps = (await plane.Store.ReadAsync(c => c.QueryAsync<(int Id, int Parent, int Unused, string Detail)>("EXPLAIN QUERY PLAN " + sql))).Select(s => s.Detail).ToList();
            var first = steps.Find(s => s.StartsWith("SCAN", StringComparison.Ordinal) || s.StartsWith("SEARCH", StringComparison.Ordinal));
            Assert.True(first?.StartsWith("SCAN json_each", StringComparison.Ordinal), $"{name} begins elsewhere: {string.Join("; ", steps)}");
            Assert.DoesNotContain(steps, s => s.StartsWith("SCAN", StringComparison.Ordinal) && !s.StartsWith("SCAN json_each", StringComparison.Ordinal) && s.Length > "SCAN s".Length);
        }
    }
}
