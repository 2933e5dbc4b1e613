using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Data.Sqlite;

namespace Muster.Integrations.Sqlite;

/// <summary>
/// A connection that prepares each SQL text once. Parsing and planning cost several times what running a short statement
/// does, and the writer runs the same few over and over. For one thread, as the writer is.
/// </summary>
internal sealed class PreparedConnection(SqliteConnection inner) : DbConnection
{
    /// <summary>Texts vary only in the length of lists, so this is never reached in practice; beyond it, nothing is kept.</summary>
    private const int Kept = 500;

    private readonly Dictionary<string, SqliteCommand> _prepared = new(StringComparer.Ordinal);

    public SqliteConnection Inner { get; } = inner;

    [AllowNull]
    public override string ConnectionString { get => Inner.ConnectionString; set => throw new NotSupportedException(); }
    public override string Database => Inner.Database;
    public override string DataSource => Inner.DataSource;
    public override string ServerVersion => Inner.ServerVersion;
    public override ConnectionState State => Inner.State;

    public override void Open() => Inner.Open();

    public override void Close() => Inner.Close();

    public override void ChangeDatabase(string databaseName) => throw new NotSupportedException();

    /// <summary>A command ready to run, to be handed back when it has.</summary>
    public SqliteCommand Take(string text)
    {
        if (_prepared.Remove(text, out var command)) return command;
        command = Inner.CreateCommand();
        command.CommandText = text;
        return command;
    }

    public void HandBack(SqliteCommand command)
    {
        command.Parameters.Clear();
        if (_prepared.Count >= Kept || !_prepared.TryAdd(command.CommandText, command)) command.Dispose();
    }

    protected override DbTransaction BeginDbTransaction(IsolationLevel isolationLevel) => throw new NotSupportedException("The writer begins its transactions itself.");

    protected override DbCommand CreateDbCommand() => new PreparedCommand(this);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            foreach (var command in _prepared.Values) command.Dispose();
            _prepared.Clear();
            Inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
