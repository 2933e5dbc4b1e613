using System.Collections.Concurrent;
using System.Data.Common;
using System.Text.RegularExpressions;
using Muster.ControlPlane.Storage;
using Npgsql;
using NpgsqlTypes;

namespace Muster.Integrations.Postgres;

/// <summary>
/// Hands rows over as an array for each column. Changes that bring nothing back travel with whatever is asked next, or with
/// the commit: a batch of claims costs a few journeys to the server instead of a dozen.
/// </summary>
internal sealed partial class PostgresRowsRunner(NpgsqlConnection connection) : IRowsRunner
{
    private static readonly ConcurrentDictionary<RowsStatement, string> Spelled = [];

    private readonly List<NpgsqlBatchCommand> _waiting = [];

    public void Run(RowsStatement statement, long now, Array[] columns, Action<IRow>? each)
    {
        var command = new NpgsqlBatchCommand(Spelled.GetOrAdd(statement, Spell));
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = now });
        foreach (var column in columns)
            command.Parameters.Add(column is long[] numbers
                ? new NpgsqlParameter<long[]> { TypedValue = numbers, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint }
                : new NpgsqlParameter<string?[]> { TypedValue = Array.ConvertAll((string?[])column, PlainText.Clean), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        _waiting.Add(command);
        if (each is null) return;
        using var batch = TakeWaiting();
        // Changes give no set of rows, so the first set is that of the question.
        using var reader = batch.ExecuteReader();
        var row = new Row(reader);
        while (reader.Read()) each(row);
    }

    /// <summary>Sends what waits. Whoever asks in another way must see it done.</summary>
    public void Flush()
    {
        if (_waiting.Count == 0) return;
        using var batch = TakeWaiting();
        batch.ExecuteNonQuery();
    }

    /// <summary>What waits, to be sent together with more.</summary>
    public NpgsqlBatch TakeWaiting()
    {
        var batch = new NpgsqlBatch(connection);
        foreach (var command in _waiting) batch.BatchCommands.Add(command);
        _waiting.Clear();
        return batch;
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
