using System.Data.Common;

namespace Muster.ControlPlane.Storage;

/// <summary>
/// One statement for many rows: <c>{rows}</c> stands for the table of what is given, called <c>r</c>; <c>{now}</c> for the time
/// of the commit; <c>{lock x}</c> and <c>{lock x skip}</c> at the end of a SELECT for a lock on the rows of table <c>x</c>,
/// where the engine has more than one writer. Tables are joined to <c>{rows}</c> by CROSS JOIN with the condition in the WHERE
/// clause wherever an index of theirs could tempt an engine to begin with them and walk all that it holds.
/// </summary>
/// <param name="sql">The statement, in the common subset of the engines.</param>
/// <param name="columns">Names of the columns of <c>{rows}</c>; one that ends in <c>#</c> holds whole numbers, any other text.</param>
public sealed class RowsStatement(string sql, params string[] columns)
{
    public string Sql { get; } = sql;

    public IReadOnlyList<RowsColumn> Columns { get; } = [.. columns.Select(c => new RowsColumn(c.TrimEnd('#'), c.EndsWith('#')))];
}

public readonly record struct RowsColumn(string Name, bool IsNumber);

/// <summary>Carries a <see cref="RowsStatement"/> out on an engine.</summary>
public interface IRowsRunner
{
    /// <param name="statement">What to do.</param>
    /// <param name="now">The time of the commit.</param>
    /// <param name="columns">A <c>string?[]</c> or <c>long[]</c> for each column, all of one length.</param>
    /// <param name="each">Called for every row that comes back.</param>
    void Run(RowsStatement statement, long now, Array[] columns, Action<DbDataReader>? each);
}

public static class ReaderExtensions
{
    public static string? Text(this DbDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    public static long? Number(this DbDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetInt64(column);
}
