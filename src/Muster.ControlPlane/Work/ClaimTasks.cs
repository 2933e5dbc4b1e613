using System.Globalization;
using System.Text.Json;
using Muster.Contracts.Events;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>
/// Gives ready tasks to agents: by priority, then to the project with the fewest tasks running, then by age. Opens an
/// assignment with the next epoch for each and counts the attempt. Claims that arrive together are carried out together;
/// the candidates come from memory, the store decides about each.
/// </summary>
public sealed class ClaimTasks(Store store, ReadyTasks ready, ProjectDirectory projects) : BulkOperation<ClaimItem, ClaimedRows>
{
    /// <summary>How often candidates that turned out to be gone are replaced by others.</summary>
    private const int Rounds = 5;

    /// <summary>How many an agent has open, and since when, in one word: while dead rows are kept, looking twice costs twice.</summary>
    private static readonly RowsStatement Agents = new(
        """
        SELECT a.id, a.name, a.role, a.labels, a.capacity, a.desired, a.active, a.rehearsal,
               (SELECT COUNT(*) || ' ' || COALESCE(MIN(s.started_at), 0) FROM assignments s WHERE s.agent_id = a.id AND s.ended_at IS NULL AND s.started_at >= r.since)
          FROM {rows} CROSS JOIN agents a WHERE a.id = r.agent_id {lock a}
        """, "agent_id", "since#");

    private static readonly RowsStatement Replayed = new(
        "SELECT s.claim_key, s.id FROM {rows} CROSS JOIN assignments s WHERE s.agent_id = r.agent_id AND s.ended_at IS NULL AND s.started_at >= r.since AND s.claim_key IS NOT NULL", "agent_id", "since#");

    private static readonly RowsStatement Takeable = new(
        $$"""
        SELECT {{TaskRow.Columns}}, r.n, {place tasks} FROM {rows} CROSS JOIN tasks WHERE tasks.id = r.task_id
           AND CASE WHEN tasks.ready = 1 AND tasks.status = 'pending' AND tasks.priority = r.priority AND tasks.labels = r.labels AND COALESCE(tasks.role, '') = r.role
                     AND EXISTS (SELECT 1 FROM projects p WHERE p.id = tasks.project_id AND p.paused = 0) THEN 1 ELSE 0 END = 1 {lock tasks skip}
        """, "task_id", "priority#", "labels", "role", "n#");

    private static readonly RowsStatement TakeTasks = new(
        """
        UPDATE tasks SET previous_status = tasks.status, status = 'in_progress', ready = 0, epoch = tasks.epoch + 1, assignment_id = r.assignment_id,
               agent_id = r.agent_id, percent_complete = 0, head_sha = NULL, rehearsal = CASE WHEN r.replays = 1 THEN 1 ELSE tasks.rehearsal END,
               started_at = COALESCE(tasks.started_at, {now}), updated_at = {now}
          FROM {rows} WHERE {place tasks} = r.place
        """, "place", "assignment_id", "agent_id", "replays#");

    private static readonly RowsStatement OpenAssignments = new(
        """
        INSERT INTO assignments (id, task_id, agent_id, epoch, status, rehearsal, lease_until, started_at, plane_id, claim_key)
        SELECT r.id, r.task_id, r.agent_id, r.epoch, 'active', r.replays, r.lease_until, {now}, r.plane_id, r.claim_key FROM {rows}
        """, "id", "task_id", "agent_id", "epoch#", "replays#", "lease_until#", "plane_id", "claim_key");

    private static readonly RowsStatement StillReady = new(
        "SELECT t.id, t.project_id, t.priority, t.number, t.role, t.labels, t.created_at FROM {rows} CROSS JOIN tasks t WHERE t.id = r.id AND CASE WHEN t.ready = 1 THEN 1 ELSE 0 END = 1", "id");

    private static readonly RowsStatement Epics = new("SELECT e.id, e.number FROM {rows} CROSS JOIN epics e WHERE e.id = r.id", "id");

    /// <summary>What each writer has under way. All claims of an agent are one writer's.</summary>
    private readonly UnderWay[] _underWay = [.. Enumerable.Range(0, store.Writers).Select(_ => new UnderWay())];

    /// <summary>After completions, which make room and tasks.</summary>
    public override int Order => 1;

    public override string KeyOf(ClaimItem item) => item.AgentId;

    public override void Undone(int writer)
    {
        var mine = _underWay[writer];
        ready.PutBack(mine.Taken);
        mine.Taken.Clear();
        mine.Open.Undone();
    }

    protected override void Run(StoreTransaction tx, IReadOnlyList<BulkItem<ClaimItem, ClaimedRows>> items)
    {
        _underWay[tx.Writer].Taken.Clear();
        _underWay[tx.Writer].Open.Begin(tx.Now, tx.IsAlone);
        // What this very commit makes ready may be given out in it.
        foreach (var signal in tx.Signals.OfType<TaskBecameReady>().Where(s => !s.Offered))
        {
            signal.Offered = true;
            ready.Add([signal.Task]);
        }

        var agents = ReadAgents(tx, items);
        var known = projects.All(tx);
        var claims = new List<Claim>(items.Count);
        foreach (var item in items)
        {
            item.Settle(new ClaimedRows([]));
            if (!agents.TryGetValue(item.Item.AgentId, out var agent)) item.Refused(Refusal.NotFound("agent", item.Item.Request.Agent));
            else if (agent.MayClaim) claims.Add(new Claim(item, agent, WishOf(agent, item.Item.Request, known.Values), item.Item.Request.Max));
        }

        Replay(tx, claims);
        List<ReadyTask> gone = [];
        for (var round = 0; round < Rounds; round++)
        {
            var offers = claims.SelectMany(c => Offer(tx, c)).ToList();
            if (offers.Count == 0) break;
            var given = TakeOffered(tx, offers, known);
            foreach (var offer in offers)
            {
                if (given.TryGetValue(offer.AssignmentId, out var task)) offer.Claim.Given.Add((offer, task));
                else gone.Add(offer.Task);
                if (!given.ContainsKey(offer.AssignmentId)) offer.Claim.Agent.Running--;
            }

            if (given.Count == offers.Count) break;
        }

        Recheck(tx, gone);
        Open(tx, claims, known);
    }

    private Dictionary<string, AgentFacts> ReadAgents(StoreTransaction tx, IReadOnlyList<BulkItem<ClaimItem, ClaimedRows>> items)
    {
        var found = new Dictionary<string, AgentFacts>(StringComparer.Ordinal);
        // In one order, so that planes that lock the same agents never wait for one another in a circle.
        var open = _underWay[tx.Writer].Open;
        var ids = items.Select(i => i.Item.AgentId).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
        tx.Rows(Agents, r =>
        {
            var agent = found[r.Text(0)] = AgentFacts.Read(r, out var oldest);
            open.Saw(agent.Id, agent.Running == 0 ? null : oldest);
        },
            ids, Array.ConvertAll(ids, open.Of));
        return found;
    }

    private static ClaimWish WishOf(AgentFacts agent, ClaimRequest request, IEnumerable<ProjectRow> projects) => new(
        agent.Role,
        request.Labels is { Count: > 0 } ? request.Labels : JsonSerializer.Deserialize<string[]>(agent.Labels)!,
        request.Projects is not { Count: > 0 } only ? null
            : projects.Where(p => only.Contains(p.Id) || only.Contains(p.Key, StringComparer.OrdinalIgnoreCase)).Select(p => p.Id).ToHashSet(StringComparer.Ordinal));

    /// <summary>The same claim again, after its answer was lost, gets what it was given, as long as it still holds it.</summary>
    private void Replay(StoreTransaction tx, List<Claim> claims)
    {
        var keyed = claims.Where(c => c.Item.Item.Key is not null).ToList();
        if (keyed.Count == 0) return;
        var seen = new List<(string Key, string AssignmentId)>();
        var agents = keyed.Select(c => c.Agent.Id).Distinct(StringComparer.Ordinal).ToArray();
        tx.Rows(Replayed, r => seen.Add((r.Text(0), r.Text(1))), agents, Array.ConvertAll(agents, _underWay[tx.Writer].Open.Of));
        if (seen.Count == 0) return;
        foreach (var claim in keyed)
        {
            var mine = seen.Where(s => s.Key.StartsWith(claim.Item.Item.Key! + ' ', StringComparison.Ordinal)).ToList();
            if (mine.Count == 0) continue;
            claim.Wanted = 0;
            if (mine.Exists(s => s.Key != claim.Item.Item.ClaimKey)) claim.Item.Refused(Writes.KeyUsedBefore());
            else claim.Again.AddRange(mine.Select(s => s.AssignmentId));
        }
    }

    private IEnumerable<Offered> Offer(StoreTransaction tx, Claim claim)
    {
        while (claim.Given.Count + claim.Open < claim.Wanted && claim.Agent.Running < claim.Agent.Capacity)
        {
            if (ready.Take(claim.Wish, task => IsLeftToOthers(tx, task, claim.Agent)) is not { } task) yield break;
            _underWay[tx.Writer].Taken.Add(task);
            claim.Agent.Running++;
            claim.Open++;
            yield return new Offered(claim, task, Ids.New());
        }
    }

    private static bool IsLeftToOthers(StoreTransaction tx, ReadyTask task, AgentFacts agent) =>
        task.AvoidAgentId == agent.Id && tx.Now < task.AvoidUntil && tx.QueryFirst<int>(
            """
            SELECT COUNT(*) FROM agents WHERE id <> @Id AND active = 1 AND desired = 'running' AND health = 'healthy'
               AND (role IS NULL OR @Role IS NULL OR role = @Role)
            """, new { agent.Id, task.Role }) > 0;

    private static Dictionary<string, TaskRow> TakeOffered(StoreTransaction tx, List<Offered> offers, IReadOnlyDictionary<string, ProjectRow> projects)
    {
        var taken = new List<(Offered Offer, TaskRow Task, string Place)>(offers.Count);
        tx.Rows(Takeable, r =>
        {
            var offer = offers[r.Count(39)];
            taken.Add((offer, TaskRow.Read(r), r.Text(40)));
        },
            offers.Select(o => o.Task.Id).ToArray(), offers.Select(o => (long)o.Task.Priority).ToArray(), offers.Select(o => o.Task.Labels).ToArray(),
            offers.Select(o => o.Task.Role ?? "").ToArray(), Enumerable.Range(0, offers.Count).Select(n => (long)n).ToArray());
        // A task that stands in memory twice was offered twice; the first has it.
        taken = [.. taken.DistinctBy(t => t.Task.Id, StringComparer.Ordinal)];
        tx.Rows(TakeTasks, null,
            taken.Select(t => t.Place).ToArray(), taken.Select(t => t.Offer.AssignmentId).ToArray(), taken.Select(t => t.Offer.Claim.Agent.Id).ToArray(),
            taken.Select(t => t.Offer.Claim.Agent.Rehearsal ? 1L : 0).ToArray());
        foreach (var offer in offers) offer.Claim.Open--;
        return taken.ToDictionary(t => t.Offer.AssignmentId, t => Claimed.Taken(tx, t.Task, t.Offer.AssignmentId, t.Offer.Claim.Agent) with { ProjectKey = projects[t.Task.ProjectId].Key }, StringComparer.Ordinal);
    }

    /// <summary>A candidate that was refused although it is ready (its project is paused, another plane looks at it) is kept in mind.</summary>
    private void Recheck(StoreTransaction tx, List<ReadyTask> gone)
    {
        if (gone.Count == 0) return;
        foreach (var task in gone)
        {
            _underWay[tx.Writer].Taken.Remove(task);
            ready.Drop(task);
        }

        List<ReadyTask> still = [];
        tx.Rows(StillReady, r => still.Add(new ReadyTask(r.Text(0), r.Text(1), r.Count(2), r.Count(3), r.TextOrNull(4), r.Text(5), r.Number(6))),
            gone.Select(t => t.Id).Distinct(StringComparer.Ordinal).ToArray());
        ready.Add(still);
    }

    private void Open(StoreTransaction tx, List<Claim> claims, IReadOnlyDictionary<string, ProjectRow> projects)
    {
        var given = claims.SelectMany(c => c.Given.Select(g => (Claim: c, g.Offer, g.Task, Project: projects[g.Task.ProjectId]))).ToList();
        tx.Rows(OpenAssignments, null,
            given.Select(g => g.Offer.AssignmentId).ToArray(), given.Select(g => g.Task.Id).ToArray(), given.Select(g => g.Claim.Agent.Id).ToArray(),
            given.Select(g => (long)g.Task.Epoch).ToArray(), given.Select(g => g.Claim.Agent.Rehearsal ? 1L : 0).ToArray(),
            given.Select(g => tx.Now + g.Project.LeaseSeconds * 1000L).ToArray(), given.Select(_ => store.PlaneId).ToArray(), given.Select(g => g.Claim.Item.Item.ClaimKey).ToArray());
        var epics = new Dictionary<string, int>(StringComparer.Ordinal);
        tx.Rows(Epics, r => epics[r.Text(0)] = r.Count(1), given.Where(g => g.Task.EpicId is not null).Select(g => g.Task.EpicId).Distinct(StringComparer.Ordinal).ToArray());
        foreach (var claim in claims)
        {
            if (claim.Wanted == 0 && claim.Again.Count == 0) continue;
            var rows = claim.Again.ConvertAll(id => Claimed.Again(tx, id));
            rows.AddRange(claim.Given.Select(g => Claimed.Now(tx, store, projects[g.Task.ProjectId],
                g.Task with { EpicNumber = g.Task.EpicId is null ? null : epics[g.Task.EpicId] }, claim.Agent)));
            claim.Item.Settle(new ClaimedRows(rows));
        }
    }

    private sealed class Claim(BulkItem<ClaimItem, ClaimedRows> item, AgentFacts agent, ClaimWish wish, int wanted)
    {
        public BulkItem<ClaimItem, ClaimedRows> Item => item;
        public AgentFacts Agent => agent;
        public ClaimWish Wish => wish;
        public int Wanted { get; set; } = wanted;
        public int Open { get; set; }
        public List<(Offered Offer, TaskRow Task)> Given { get; } = [];
        public List<string> Again { get; } = [];
    }

    private sealed class UnderWay
    {
        public List<ReadyTask> Taken { get; } = [];
        public OpenSince Open { get; } = new();
    }

    private sealed record Offered(Claim Claim, ReadyTask Task, string AssignmentId);
}

/// <summary>One agent's claim.</summary>
/// <param name="AgentId">Who asks.</param>
/// <param name="Request">For what.</param>
/// <param name="Key">Its idempotency key, made unambiguous among principals; null without one.</param>
/// <param name="Fingerprint">Tells the request from another under the same key.</param>
public sealed record ClaimItem(string AgentId, ClaimRequest Request, string? Key, string? Fingerprint)
{
    public string? ClaimKey => Key is null ? null : Key + ' ' + Fingerprint;
}

public sealed record ClaimedRows(IReadOnlyList<ClaimedRow> Tasks);

/// <summary>What of an agent a claim depends on, as the store has it under lock.</summary>
public sealed record AgentFacts(string Id, string Name, string? Role, string Labels, int Capacity, bool MayClaim, bool Rehearsal)
{
    /// <summary>Assignments it holds, with those being given to it.</summary>
    public int Running { get; set; }

    /// <param name="r">A row of the statement that reads agents.</param>
    /// <param name="oldest">When the oldest of its open assignments began; 0 when it has none.</param>
    public static AgentFacts Read(IRow r, out long oldest)
    {
        var open = r.Text(8).AsSpan();
        var between = open.IndexOf(' ');
        oldest = long.Parse(open[(between + 1)..], CultureInfo.InvariantCulture);
        return new AgentFacts(r.Text(0), r.Text(1), r.TextOrNull(2), r.Text(3), r.Count(4), MayClaim: r.Text(5) == DesiredState.Running && r.IsTrue(6), Rehearsal: r.IsTrue(7))
        {
            Running = int.Parse(open[..between], CultureInfo.InvariantCulture),
        };
    }
}
