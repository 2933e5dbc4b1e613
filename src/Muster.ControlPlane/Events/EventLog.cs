using System.Runtime.CompilerServices;
using Dapper;
using Muster.Contracts;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Events;

/// <summary>Reads the log, and follows it without a gap: first from the store, then live.</summary>
public sealed class EventLog(Store store, EventHub hub) : IDisposable
{
    private const int Chunk = 500;

    /// <summary>Chunks that a page looks through at most.</summary>
    private const int MostReads = 10;

    /// <summary>Many who read the whole log at once leave room, and readers of the store, for those who work.</summary>
    private readonly SemaphoreSlim _room = new(Math.Max(1, Environment.ProcessorCount / 2));

    /// <summary>
    /// Forward from a number. Looks through a bounded part of the log: where few events fit, a page may be short or empty and
    /// yet not the last.
    /// </summary>
    /// <returns>What was found, and the number to go on after; null at the log's end.</returns>
    public Task<(IReadOnlyList<EventRow> Rows, long? After)> ReadAsync(long after, EventFilter filter, int limit, CancellationToken ct) =>
        WalkAsync(after, ">", "ASC", filter, limit, ct);

    /// <summary>Back from a number, the newest first; as bounded.</summary>
    /// <returns>What was found, and the number to go on before; null at the log's beginning.</returns>
    public Task<(IReadOnlyList<EventRow> Rows, long? Before)> ReadBackAsync(long before, EventFilter filter, int limit, CancellationToken ct) =>
        WalkAsync(before, "<", "DESC", filter, limit, ct);

    public Task<long> LastSeqAsync(CancellationToken ct) => store.ReadAsync(c => c.QueryFirstAsync<long>("SELECT COALESCE(MAX(seq), 0) FROM events"), ct);

    /// <summary>Who asks for what comes after a number that was never given has it from another life of the store, and would wait in vain.</summary>
    /// <exception cref="Refusal">The log ends before it.</exception>
    public async Task RequireReachedAsync(long after, CancellationToken ct)
    {
        if (after <= 0) return;
        var head = await store.ReadAsync(c => c.QuerySingleAsync<long>("SELECT seq FROM event_head"), ct);
        if (after > head)
            throw new Refusal(409, ProblemCodes.LogRestarted, $"The event log ends at {head} and you ask for what comes after {after}: it was restored, and numbers are given anew. Read the state again and follow from {head}.");
    }

    /// <summary>Everything after <paramref name="after"/>, then what comes. Ends when the follower is too slow, and when the store
    /// begins another life; it may come back.</summary>
    public async IAsyncEnumerable<EncodedEvent> FollowAsync(long after, EventFilter filter, [EnumeratorCancellation] CancellationToken ct)
    {
        // Subscribed before the first read: what is committed in between comes twice and is dropped once, never missed.
        using var subscription = hub.Subscribe(filter);
        var life = store.Incarnation;
        while (true)
        {
            var (rows, next) = await ReadAsync(after, filter, Chunk, ct);
            foreach (var row in rows)
            {
                yield return new EncodedEvent(row);
                after = row.Seq;
            }

            if (next is null) break;
            after = next.Value;
        }

        await foreach (var encoded in subscription.Reader.ReadAllAsync(ct))
        {
            // Numbers may be given anew; whoever comes back is told.
            if (store.Incarnation != life) yield break;
            if (encoded.Row.Seq <= after) continue;
            yield return encoded;
            after = encoded.Row.Seq;
        }
    }

    public void Dispose() => _room.Dispose();

    private async Task<(IReadOnlyList<EventRow> Rows, long? Next)> WalkAsync(long from, string beyond, string order, EventFilter filter, int limit, CancellationToken ct)
    {
        var found = new List<EventRow>();
        // Types may be prefixes, so they are matched here; a page may take several reads, each bounded.
        for (var reads = 0; reads < MostReads; reads++)
        {
            var rows = await ChunkAsync($"SELECT * FROM events{Asked.Where((from, $"seq {beyond} @from"), (filter.ProjectId, "project_id = @ProjectId"), (filter.TaskId, "task_id = @TaskId"))} ORDER BY seq {order} LIMIT @Chunk",
                new { from, filter.ProjectId, filter.TaskId, Chunk }, ct);
            foreach (var row in rows)
            {
                from = row.Seq;
                if (filter.Admits(row)) found.Add(row);
                if (found.Count == limit) return (found, rows.Count < Chunk && row.Seq == rows[^1].Seq ? null : from);
            }

            if (rows.Count < Chunk) return (found, null);
        }

        return (found, from);
    }

    private async Task<List<EventRow>> ChunkAsync(string sql, object args, CancellationToken ct)
    {
        await _room.WaitAsync(ct);
        try
        {
            return (await store.ReadAsync(c => c.QueryAsync<EventRow>(sql, args), ct)).AsList();
        }
        finally
        {
            _room.Release();
        }
    }
}
