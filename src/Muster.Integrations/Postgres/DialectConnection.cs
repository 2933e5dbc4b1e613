using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Npgsql;

namespace Muster.Integrations.Postgres;

/// <summary>A connection that takes the plane's common SQL.</summary>
internal sealed class DialectConnection(NpgsqlConnection inner) : DbConnection
{
    public NpgsqlConnection Inner { get; } = inner;

    /// <summary>What waits to be sent with the next command; nothing where every command goes by itself.</summary>
    public Waiting? Waiting { get; set; }

    /// <summary>Whether the next command, a change of one row, may wait with the others.</summary>
    public bool Waits { get; set; }

    [AllowNull]
    public override string ConnectionString { get => Inner.ConnectionString; set => throw new NotSupportedException(); }
    public override string Database => Inner.Database;
    public override string DataSource => Inner.DataSource;
    public override string ServerVersion => Inner.ServerVersion;
    public override ConnectionState State => Inner.State;

    public override void Open() => Inner.Open();

    public override Task OpenAsync(CancellationToken cancellationToken) => Inner.OpenAsync(cancellationToken);

    public override void Close() => Inner.Close();

    public override void ChangeDatabase(string databaseName) => throw new NotSupportedException();

    protected override DbTransaction BeginDbTransaction(IsolationLevel isolationLevel) => Inner.BeginTransaction(isolationLevel);

    protected override DbCommand CreateDbCommand() => new DialectCommand(this);

    protected override void Dispose(bool disposing)
    {
        if (disposing) Inner.Dispose();
        base.Dispose(disposing);
    }
}
