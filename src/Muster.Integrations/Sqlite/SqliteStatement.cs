using System.Text;
using Microsoft.Data.Sqlite;
using Muster.ControlPlane.Storage;
using SQLitePCL;

namespace Muster.Integrations.Sqlite;

/// <summary>Statements of a connection that run too often for an ADO command, which copies every value twice.</summary>
internal sealed class SqliteStatements(SqliteConnection connection) : IDisposable
{
    private readonly List<SqliteStatement> _prepared = [];

    public SqliteStatement Prepare(string sql)
    {
        SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v2(connection.Handle!, sql, out var handle), connection.Handle!);
        var statement = new SqliteStatement(connection.Handle!, handle);
        _prepared.Add(statement);
        return statement;
    }

    public void Dispose() => _prepared.ForEach(s => s.Dispose());
}

/// <summary>A prepared statement, bound and run by hand. Its row is good until the next step. For one thread.</summary>
internal sealed unsafe class SqliteStatement(sqlite3 connection, sqlite3_stmt handle) : IRow, IDisposable
{
    private readonly nint _statement = handle.DangerousGetHandle();
    private readonly BoundText _texts = new();

    public int Parameters { get; } = raw.sqlite3_bind_parameter_count(handle);

    public void Bind(int parameter, long value) => Check(SqliteCalls.BindNumber(_statement, parameter, value));

    public void Bind(int parameter, string? value)
    {
        if (value is null)
        {
            Check(SqliteCalls.BindNull(_statement, parameter));
            return;
        }

        var text = _texts.Put(value, out var bytes);
        Check(SqliteCalls.BindText(_statement, parameter, text, bytes, SqliteCalls.Static));
    }

    /// <summary>Runs it to its end; it can then be bound and run again, each parameter anew.</summary>
    public void Run(Action<IRow>? each = null)
    {
        try
        {
            int result;
            while ((result = SqliteCalls.Step(_statement)) == raw.SQLITE_ROW) each?.Invoke(this);
            if (result != raw.SQLITE_DONE) Check(result);
        }
        finally
        {
            // Gives the error of the run once more.
            _ = SqliteCalls.Reset(_statement);
            _texts.Clear();
        }
    }

    public bool IsNull(int column) => SqliteCalls.TypeOf(_statement, column) == raw.SQLITE_NULL;

    public long Number(int column) => SqliteCalls.NumberOf(_statement, column);

    public string Text(int column)
    {
        var text = SqliteCalls.TextOf(_statement, column);
        return text is null ? null! : Encoding.UTF8.GetString(text, SqliteCalls.BytesOf(_statement, column));
    }

    public void Dispose()
    {
        handle.Dispose();
        _texts.Dispose();
    }

    private void Check(int result)
    {
        if (result != raw.SQLITE_OK) SqliteException.ThrowExceptionForRC(result, connection);
    }
}
