using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Muster.ControlPlane.Storage;
using Npgsql;

namespace Muster.Integrations.Postgres;

/// <summary>A command whose text is translated and whose truth values go as 0 and 1, as the columns keep them.</summary>
internal sealed class DialectCommand(DialectConnection connection) : DbCommand
{
    private readonly NpgsqlCommand _inner = connection.Inner.CreateCommand();
    private string _text = "";

    [AllowNull]
    public override string CommandText
    {
        get => _text;
        set
        {
            _text = value ?? "";
            _inner.CommandText = Dialect.Translate(_text);
        }
    }

    public override int CommandTimeout { get => _inner.CommandTimeout; set => _inner.CommandTimeout = value; }
    public override CommandType CommandType { get => _inner.CommandType; set => _inner.CommandType = value; }
    public override bool DesignTimeVisible { get; set; }
    public override UpdateRowSource UpdatedRowSource { get => _inner.UpdatedRowSource; set => _inner.UpdatedRowSource = value; }
    protected override DbConnection? DbConnection { get; set; } = connection;
    protected override DbParameterCollection DbParameterCollection => _inner.Parameters;
    protected override DbTransaction? DbTransaction { get; set; }

    public override void Cancel() => _inner.Cancel();

    public override void Prepare() => _inner.Prepare();

    public override int ExecuteNonQuery() => Ready().ExecuteNonQuery();

    public override Task<int> ExecuteNonQueryAsync(CancellationToken cancellationToken) => Ready().ExecuteNonQueryAsync(cancellationToken);

    public override object? ExecuteScalar() => Ready().ExecuteScalar();

    public override Task<object?> ExecuteScalarAsync(CancellationToken cancellationToken) => Ready().ExecuteScalarAsync(cancellationToken);

    protected override DbParameter CreateDbParameter() => new NpgsqlParameter();

    protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior) => Ready().ExecuteReader(behavior);

    protected override async Task<DbDataReader> ExecuteDbDataReaderAsync(CommandBehavior behavior, CancellationToken cancellationToken) =>
        await Ready().ExecuteReaderAsync(behavior, cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing) _inner.Dispose();
        base.Dispose(disposing);
    }

    private NpgsqlCommand Ready()
    {
        connection.Before();
        foreach (NpgsqlParameter parameter in _inner.Parameters)
        {
            if (parameter.Value is bool truth)
            {
                parameter.ResetDbType();
                parameter.Value = truth ? 1 : 0;
            }
            else if (parameter.Value is string text)
            {
                parameter.Value = PlainText.Clean(text);
            }
            else if (parameter.DbType == DbType.Boolean)
            {
                parameter.DbType = DbType.Int32;
            }
        }

        return _inner;
    }
}
