using System.Data;
using System.Text.Json;
using Dapper;
using Muster.Contracts;

namespace Muster.ControlPlane.Storage;

/// <summary>What an operation may do: read and write rows, append events, leave wake-ups. Used on one thread only.</summary>
public sealed class StoreTransaction(IDbConnection connection, long lastSeq, DateTimeOffset now)
{
    private readonly List<EventRow> _events = [];
    private readonly List<Signal> _signals = [];
    private readonly long _firstSeq = lastSeq;

    /// <summary>The store's clock, milliseconds since 1970; the same for a whole commit.</summary>
    public long Now { get; } = now.ToUnixTimeMilliseconds();

    public IReadOnlyList<EventRow> Events => _events;
    public IReadOnlyList<Signal> Signals => _signals;

    public int Execute(string sql, object? args = null) => connection.Execute(sql, args);

    /// <summary>Writes what must change exactly one row; anything else is a bug, and undone.</summary>
    public void ExecuteOne(string sql, object? args = null)
    {
        var rows = connection.Execute(sql, args);
        if (rows != 1) throw new InvalidOperationException($"Expected to change 1 row and changed {rows}: {sql}");
    }

    public T? QueryFirst<T>(string sql, object? args = null) => connection.QueryFirstOrDefault<T>(sql, args);

    public List<T> Query<T>(string sql, object? args = null) => connection.Query<T>(sql, args).AsList();

    /// <summary>Appends a fact to the event log, in the transaction that made it true.</summary>
    public void Emit(string type, string text, string? projectId = null, string? taskId = null, string? agentId = null, object? data = null)
    {
        var row = new EventRow
        {
            Seq = _firstSeq + _events.Count + 1,
            Id = Ids.New(),
            Type = type,
            ProjectId = projectId,
            TaskId = taskId,
            AgentId = agentId,
            Text = text.Length > 1000 ? text[..1000] : text,
            Data = data is null ? null : JsonSerializer.Serialize(data, Wire.Json),
            At = Now,
        };
        Execute("INSERT INTO events (seq, id, type, project_id, task_id, agent_id, text, data, at) "
            + "VALUES (@Seq, @Id, @Type, @ProjectId, @TaskId, @AgentId, @Text, @Data, @At)", row);
        _events.Add(row);
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
}

/// <summary>A row of the event log.</summary>
public sealed record EventRow
{
    public long Seq { get; init; }
    public string Id { get; init; } = "";
    public string Type { get; init; } = "";
    public string? ProjectId { get; init; }
    public string? TaskId { get; init; }
    public string? AgentId { get; init; }
    public string Text { get; init; } = "";
    public string? Data { get; init; }
    public long At { get; init; }
}
