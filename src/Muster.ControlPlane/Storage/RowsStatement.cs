using System.Data;

namespace Muster.ControlPlane.Storage;

/// <summary>
/// One statement for many rows: <c>{rows}</c> stands for the table of what is given, called <c>r</c>; <c>{now}</c> for the time
/// of the commit; <c>{lock x}</c>, <c>{lock x skip}</c> and <c>{lock x ordered}</c> at the end of a SELECT for a lock on the rows of table
/// <c>x</c>, where the engine has more than one writer; ordered by id where two of them may want the same rows and the order of what
/// is given is not the order of those; <c>{place x}</c> for what leads to a row of table <c>x</c> fastest: text, read with the row and
/// given back in the same commit. An engine may take all rows at once or one after the other. <c>{rows}</c> stands
/// first in its FROM clause, once, and others are joined to it by CROSS JOIN with the condition in the WHERE clause. Conditions
/// beyond the one on the id stand in a CASE: an index on what they ask would tempt an engine to begin there and walk all that
/// it holds. What is to be known is read, under lock, before it is changed: plain changes by key are what engines do fastest.
/// </summary>
/// <param name="sql">The statement, in the common subset of the engines.</param>
/// <param name="columns">Names of the columns of <c>{rows}</c>; one that ends in <c>#</c> holds whole numbers, any other text.</param>
public sealed class RowsStatement(string sql, params string[] columns)
{
    public string Sql { get; } = sql;

    public IReadOnlyList<RowsColumn> Columns { get; } = [.. columns.Select(c => new RowsColumn(c.TrimEnd('#'), c.EndsWith('#')))];
}

public readonly record struct RowsColumn(string Name, bool IsNumber);

/// <summary>Carries out on an engine what need not be answered one by one.</summary>
public interface IRowsRunner
{
    /// <summary>Changes exactly one row: now, or before whatever is asked next and before the commit, which fails where it changed another number of them.</summary>
    void One(IDbConnection connection, string sql, object? args);

    /// <param name="statement">What to do.</param>
    /// <param name="now">The time of the commit.</param>
    /// <param name="columns">A <c>string?[]</c> or <c>long[]</c> for each column, all of one length.</param>
    /// <param name="each">Called for every row that comes back.</param>
    void Run(RowsStatement statement, long now, Array[] columns, Action<IRow>? each);
}

/// <summary>A row that came back.</summary>
public interface IRow
{
    bool IsNull(int column);

    long Number(int column);

    string Text(int column);
}

public static class RowExtensions
{
    public static bool IsTrue(this IRow row, int column) => row.Number(column) != 0;

    public static int Count(this IRow row, int column) => checked((int)row.Number(column));

    public static string? TextOrNull(this IRow row, int column) => row.IsNull(column) ? null : row.Text(column);

    public static long? NumberOrNull(this IRow row, int column) => row.IsNull(column) ? null : row.Number(column);
}
