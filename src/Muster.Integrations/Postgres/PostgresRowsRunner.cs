using System.Collections.Concurrent;
using System.Data;
using System.Data.Common;
using System.Text.RegularExpressions;
using Dapper;
using Muster.ControlPlane.Storage;
using Npgsql;
using NpgsqlTypes;

namespace Muster.Integrations.Postgres;

/// <summary>
/// Hands rows over as an array for each column. Changes that bring nothing back travel with whatever is asked next, or with
/// the commit: a batch of claims costs a few journeys to the server instead of a dozen.
/// </summary>
internal sealed partial class PostgresRowsRunner(Waiting waiting) : IRowsRunner
{
    private static readonly ConcurrentDictionary<RowsStatement, string> Spelled = [];

    public void One(IDbConnection connection, string sql, object? args)
    {
        var dialect = (DialectConnection)connection;
        dialect.Waits = true;
        try
        {
            connection.Execute(sql, args);
        }
        finally
        {
            dialect.Waits = false;
        }
    }

    public void Run(RowsStatement statement, long now, Array[] columns, Action<IRow>? each)
    {
        var command = new NpgsqlBatchCommand(Spelled.GetOrAdd(statement, Spell));
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = now });
        foreach (var column in columns)
            command.Parameters.Add(column is long[] numbers
                ? new NpgsqlParameter<long[]> { TypedValue = numbers, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint }
                : new NpgsqlParameter<string?[]> { TypedValue = Array.ConvertAll((string?[])column, PlainText.Clean), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        if (each is null)
        {
            waiting.Add(command);
            return;
        }

        var (batch, reader) = waiting.Ask(command);
        using (batch)
        using (reader)
        {
            var row = new Row(reader);
            while (reader.Read()) each(row);
        }
    }

    private static string Spell(RowsStatement statement)
    {
        var arrays = string.Join(", ", statement.Columns.Select((c, i) => $"${i + 2}::{(c.IsNumber ? "bigint" : "text")}[]"));
        var names = string.Join(", ", statement.Columns.Select(c => c.Name));
        var sql = Lock().Replace(Place().Replace(statement.Sql, "${table}.id"), m =>
        {
            var table = m.Groups["table"].Value;
            return $"{(m.Groups["ordered"].Success ? $"ORDER BY {table}.id " : "")}FOR NO KEY UPDATE OF {table}{(m.Groups["skip"].Success ? " SKIP LOCKED" : "")}";
        });
        // The time is the first parameter of each, whether or not it is used.
        return sql.Replace("{rows}", $"(SELECT * FROM unnest({arrays}) AS u({names}) WHERE $1::bigint > 0) AS r", StringComparison.Ordinal).Replace("{now}", "$1::bigint", StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\{lock (?<table>[a-z]+)(?<skip> skip)?(?<ordered> ordered)?\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Lock();

    // Not where it lies (ctid): another's change would move it away unseen.
    [GeneratedRegex(@"\{place (?<table>[a-z]+)\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Place();

    private sealed class Row(DbDataReader reader) : IRow
    {
        public bool IsNull(int column) => reader.IsDBNull(column);

        public long Number(int column) => reader.GetInt64(column);

        public string Text(int column) => reader.GetString(column);
    }
}
