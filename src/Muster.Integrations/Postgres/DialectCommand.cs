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
    private NpgsqlBatch? _batch;

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

    public override int ExecuteNonQuery()
    {
        if (connection.Waiting is not { } waiting) return Ready().ExecuteNonQuery();
        if (connection.Waits)
        {
            waiting.AddOne(Ready().CommandText, _inner.Parameters);
            return 1;
        }

        if (!waiting.Any) return Ready().ExecuteNonQuery();
        var question = Question();
        using (Ask(waiting, question)) return question.StatementType == Npgsql.StatementType.Select ? -1 : checked((int)question.RecordsAffected);
    }

    public override Task<int> ExecuteNonQueryAsync(CancellationToken cancellationToken) => Ready().ExecuteNonQueryAsync(cancellationToken);

    public override object? ExecuteScalar()
    {
        if (connection.Waiting is not { Any: true } waiting) return Ready().ExecuteScalar();
        using var reader = Ask(waiting, Question());
        return reader.Read() && reader.FieldCount > 0 ? reader.GetValue(0) : null;
    }

    public override Task<object?> ExecuteScalarAsync(CancellationToken cancellationToken) => Ready().ExecuteScalarAsync(cancellationToken);

    protected override DbParameter CreateDbParameter() => new NpgsqlParameter();

    protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior) =>
        connection.Waiting is { Any: true } waiting ? Ask(waiting, Question()) : Ready().ExecuteReader(behavior);

    protected override async Task<DbDataReader> ExecuteDbDataReaderAsync(CommandBehavior behavior, CancellationToken cancellationToken) =>
        await Ready().ExecuteReaderAsync(behavior, cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _batch?.Dispose();
            _inner.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>What waits goes first, on the same way.</summary>
    private NpgsqlDataReader Ask(Waiting waiting, NpgsqlBatchCommand question)
    {
        (_batch, var reader) = waiting.Ask(question);
        return reader;
    }

    private NpgsqlBatchCommand Question()
    {
        var question = new NpgsqlBatchCommand(Ready().CommandText);
        Waiting.Move(_inner.Parameters, question);
        return question;
    }

    private NpgsqlCommand Ready()
    {
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
