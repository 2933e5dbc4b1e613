using System.Collections.Concurrent;
using System.Data.Common;
using System.Text.RegularExpressions;
using Muster.ControlPlane.Storage;
using Npgsql;
using NpgsqlTypes;

namespace Muster.Integrations.Postgres;

/// <summary>Hands rows over as an array for each column.</summary>
internal sealed partial class PostgresRowsRunner(NpgsqlConnection connection) : IRowsRunner
{
    private static readonly ConcurrentDictionary<RowsStatement, string> Spelled = [];

    public void Run(RowsStatement statement, long now, Array[] columns, Action<IRow>? each)
    {
        using var command = new NpgsqlCommand(Spelled.GetOrAdd(statement, Spell), connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = now });
        foreach (var column in columns)
            command.Parameters.Add(column is long[] numbers
                ? new NpgsqlParameter<long[]> { TypedValue = numbers, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint }
                : new NpgsqlParameter<string?[]> { TypedValue = Array.ConvertAll((string?[])column, PlainText.Clean), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        using var reader = command.ExecuteReader();
        var row = new Row(reader);
        while (reader.Read()) each?.Invoke(row);
    }

    private static string Spell(RowsStatement statement)
    {
        var arrays = string.Join(", ", statement.Columns.Select((c, i) => $"${i + 2}::{(c.IsNumber ? "bigint" : "text")}[]"));
        var names = string.Join(", ", statement.Columns.Select(c => c.Name));
        var sql = Lock().Replace(statement.Sql, "FOR NO KEY UPDATE OF ${table}");
        sql = Free().Replace(sql, "AND ${table}.id = (SELECT free.id FROM ${table} free WHERE free.id = ${id} FOR NO KEY UPDATE SKIP LOCKED)");
        // The time is the first parameter of each, whether or not it is used.
        return sql.Replace("{rows}", $"(SELECT * FROM unnest({arrays}) AS u({names}) WHERE $1::bigint > 0) AS r", StringComparison.Ordinal).Replace("{now}", "$1::bigint", StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\{lock (?<table>[a-z]+)\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Lock();

    [GeneratedRegex(@"\{free (?<table>[a-z]+) (?<id>r\.[a-z_]+)\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Free();

    private sealed class Row(DbDataReader reader) : IRow
    {
        public bool IsNull(int column) => reader.IsDBNull(column);

        public long Number(int column) => reader.GetInt64(column);

        public string Text(int column) => reader.GetString(column);
    }
}
