using System.Buffers;
using System.Data.Common;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using Muster.ControlPlane.Storage;

namespace Muster.Integrations.Sqlite;

/// <summary>Hands rows over as one JSON text. The embedded store has one writer, so locks are left out.</summary>
internal sealed partial class SqliteRowsRunner(SqliteConnection connection) : IRowsRunner, IDisposable
{
    private readonly Dictionary<RowsStatement, SqliteCommand> _prepared = [];
    private readonly ArrayBufferWriter<byte> _buffer = new(16 * 1024);

    public void Run(RowsStatement statement, long now, Array[] columns, Action<DbDataReader>? each)
    {
        if (!_prepared.TryGetValue(statement, out var command)) command = Prepare(statement);
        command.Parameters[0].Value = Json(columns);
        if (command.Parameters.Count > 1) command.Parameters[1].Value = now;
        using var reader = command.ExecuteReader();
        while (reader.Read()) each?.Invoke(reader);
    }

    public void Dispose()
    {
        foreach (var command in _prepared.Values) command.Dispose();
    }

    private SqliteCommand Prepare(RowsStatement statement)
    {
        var fields = string.Join(", ", statement.Columns.Select((c, i) => $"json_extract(value, '$[{i}]') AS {c.Name}"));
        var command = connection.CreateCommand();
        command.CommandText = Lock().Replace(statement.Sql, "").Replace("{rows}", $"(SELECT {fields} FROM json_each(@rows)) AS r", StringComparison.Ordinal)
            .Replace("{now}", "@now", StringComparison.Ordinal);
        command.Parameters.Add(new SqliteParameter("@rows", SqliteType.Text));
        if (statement.Sql.Contains("{now}", StringComparison.Ordinal)) command.Parameters.Add(new SqliteParameter("@now", SqliteType.Integer));
        _prepared.Add(statement, command);
        return command;
    }

    private string Json(Array[] columns)
    {
        _buffer.Clear();
        using (var json = new Utf8JsonWriter(_buffer, new JsonWriterOptions { SkipValidation = true }))
        {
            json.WriteStartArray();
            for (var row = 0; row < columns[0].Length; row++)
            {
                json.WriteStartArray();
                foreach (var column in columns)
                    if (column is long[] numbers) json.WriteNumberValue(numbers[row]);
                    else json.WriteStringValue(PlainText.Clean(((string?[])column)[row]));
                json.WriteEndArray();
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(_buffer.WrittenSpan);
    }

    [GeneratedRegex(@"\{lock [a-z]+( skip)?\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Lock();
}
