using System.Data;
using System.Text.RegularExpressions;
using Dapper;
using Muster.ControlPlane.Storage;

namespace Muster.Integrations.Sqlite;

/// <summary>
/// Carries a statement out for one row after the other: there is no server to travel to, and a bound statement by primary key
/// costs less than any way to hand many rows over. The embedded store has one writer, so locks are left out.
/// </summary>
internal sealed partial class SqliteRowsRunner(SqliteStatements statements) : IRowsRunner
{
    private readonly Dictionary<RowsStatement, SqliteStatement> _prepared = [];

    public void One(IDbConnection connection, string sql, object? args)
    {
        var rows = connection.Execute(sql, args);
        if (rows != 1) throw new InvalidOperationException($"Expected to change 1 row and changed {rows}: {sql}");
    }

    public void Run(RowsStatement statement, long now, Array[] columns, Action<IRow>? each)
    {
        if (!_prepared.TryGetValue(statement, out var prepared)) _prepared.Add(statement, prepared = statements.Prepare(Spell(statement)));
        var texts = Array.ConvertAll(columns, c => c as string?[]);
        var numbers = Array.ConvertAll(columns, c => c as long[]);
        var takesNow = prepared.Parameters > columns.Length;
        for (var row = 0; row < columns[0].Length; row++)
        {
            for (var i = 0; i < columns.Length; i++)
                if (texts[i] is { } text) prepared.Bind(i + 1, PlainText.Clean(text[row]));
                else prepared.Bind(i + 1, numbers[i]![row]);
            if (takesNow) prepared.Bind(columns.Length + 1, now);
            prepared.Run(each);
        }
    }

    /// <summary>The text for a single row, whose columns are parameters.</summary>
    internal static string Spell(RowsStatement statement)
    {
        var sql = Insert().Replace(Lock().Replace(statement.Sql, ""), "${into} VALUES (${values})").Replace("{rows} CROSS JOIN ", "", StringComparison.Ordinal);
        sql = Place().Replace(Rows().Replace(sql, ""), "${table}.rowid").Replace("{now}", $"?{statement.Columns.Count + 1}", StringComparison.Ordinal);
        return Column().Replace(sql, m =>
        {
            for (var i = 0; i < statement.Columns.Count; i++)
                if (statement.Columns[i].Name == m.Groups["name"].Value) return $"?{i + 1}";
            throw new InvalidOperationException($"{m.Value} is not a column of what is given: {statement.Sql}");
        });
    }

    // One that selects what it inserts might insert many, and copies every page first, to take the others back should one be refused.
    [GeneratedRegex(@"^(?<into>INSERT INTO [^)]+\))\s+SELECT (?<values>[^()]+) FROM \{rows\}\s*$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Insert();

    [GeneratedRegex(@"\{lock [^}]+\}", RegexOptions.None, 1000)]
    private static partial Regex Lock();

    // A key of text is looked up in an index, which leads to a number, which leads to the row. Until the commit the number stays the row's.
    [GeneratedRegex(@"\{place (?<table>[a-z]+)\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Place();

    [GeneratedRegex(@"\bFROM \{rows\}", RegexOptions.None, 1000)]
    private static partial Regex Rows();

    [GeneratedRegex(@"\br\.(?<name>[a-z_]+)\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Column();
}
