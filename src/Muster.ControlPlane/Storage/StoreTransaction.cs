using System.Data;
using System.Text.Json;
using Dapper;
using Muster.Contracts;

namespace Muster.ControlPlane.Storage;

/// <summary>What an operation may do: read and write rows, append events, leave wake-ups. Used on one thread only.</summary>
/// <param name="connection">Where its statements run.</param>
/// <param name="now">The store's clock.</param>
/// <param name="takeHead">Takes the end of the event log until the commit; answers the last number given.</param>
/// <param name="runner">Carries out statements for many rows.</param>
public sealed class StoreTransaction(IDbConnection connection, DateTimeOffset now, Func<long> takeHead, IRowsRunner runner)
{
    private readonly List<EventRow> _events = [];
    private readonly List<Signal> _signals = [];
    private long? _lastSeq;

    /// <summary>The store's clock, milliseconds since 1970; the same for a whole commit.</summary>
    public long Now { get; } = now.ToUnixTimeMilliseconds();

    /// <summary>Which of the plane's writers carries it out.</summary>
    public int Writer { get; init; }

    /// <summary>Whether no other plane shares the store, so that nobody else's commit can be under way.</summary>
    public bool IsAlone { get; init; }

    public IReadOnlyList<EventRow> Events => _events;
    public IReadOnlyList<Signal> Signals => _signals;

    /// <summary>Statements so far that may have changed something.</summary>
    public int Writes { get; private set; }

    public int Execute(string sql, object? args = null)
    {
        Writes++;
        return connection.Execute(sql, args);
    }

    /// <summary>Writes what must change exactly one row; anything else is a bug, and undone. A server may be told of it later, with what is asked next or with the commit.</summary>
    public void ExecuteOne(string sql, object? args = null)
    {
        Writes++;
        runner.One(connection, sql, args);
    }

    public T? QueryFirst<T>(string sql, object? args = null)
    {
        Note(sql);
        return connection.QueryFirstOrDefault<T>(sql, args);
    }

    public List<T> Query<T>(string sql, object? args = null)
    {
        Note(sql);
        return connection.Query<T>(sql, args).AsList();
    }

    /// <summary>One statement for many rows; <paramref name="columns"/> are <c>string?[]</c> or <c>long[]</c>, one for each column of the statement.</summary>
    public void Rows(RowsStatement statement, Action<IRow>? each, params Array[] columns)
    {
        if (columns[0].Length == 0) return;
        Note(statement.Sql);
        runner.Run(statement, Now, columns, each);
    }

    /// <summary>Appends a fact to the event log, in the transaction that made it true. It is numbered when the commit comes.</summary>
    public void Emit(string type, string text, string? projectId = null, string? taskId = null, string? agentId = null, object? data = null) =>
        _events.Add(new EventRow
        {
            Seq = _lastSeq is { } last ? last + _events.Count + 1 : 0,
            Id = Ids.New(),
            Type = type,
            ProjectId = projectId,
            TaskId = taskId,
            AgentId = agentId,
            Text = text.Length > 1000 ? text[..1000] : text,
            Data = data is null ? null : JsonSerializer.Serialize(data, Wire.Json),
            At = Now,
        });

    /// <summary>The event appended last, with its number. Others wait for theirs until this commit is over, so ask only where the answer needs it.</summary>
    public EventRow LastEvent()
    {
        if (_lastSeq is null) Number(takeHead());
        return _events[^1];
    }

    /// <summary>Numbers the events without a gap behind the last one given.</summary>
    public void Number(long lastSeq)
    {
        _lastSeq = lastSeq;
        for (var i = 0; i < _events.Count; i++) _events[i].Seq = lastSeq + i + 1;
    }

    /// <summary>Leaves a wake-up for after the commit.</summary>
    public void Notify(Signal signal) => _signals.Add(signal);

    /// <summary>Where the operation began, so that a failed one can be forgotten.</summary>
    public (int Events, int Signals) Mark() => (_events.Count, _signals.Count);

    public void Forget((int Events, int Signals) mark)
    {
        _events.RemoveRange(mark.Events, _events.Count - mark.Events);
        _signals.RemoveRange(mark.Signals, _signals.Count - mark.Signals);
    }

    private void Note(string sql)
    {
        if (!sql.AsSpan().TrimStart().StartsWith("SELECT", StringComparison.OrdinalIgnoreCase)) Writes++;
    }
}

/// <summary>A row of the event log.</summary>
public sealed record EventRow
{
    public long Seq { get; set; }
    public string Id { get; init; } = "";
    public string Type { get; init; } = "";
    public string? ProjectId { get; init; }
    public string? TaskId { get; init; }
    public string? AgentId { get; init; }
    public string Text { get; init; } = "";
    public string? Data { get; init; }
    public long At { get; init; }
}
