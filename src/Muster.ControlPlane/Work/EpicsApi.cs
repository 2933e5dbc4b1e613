using System.Text.Json;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Work;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

public static class EpicsApi
{
    public static void MapEpics(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Epics, List).WithName("ListEpics").Admit(Access.Read);
        routes.MapPost(Routes.Epics, Create).WithName("CreateEpic").Admit(Access.Work);
        routes.MapGet(Routes.Epic, Get).WithName("GetEpic").Admit(Access.Read);
        routes.MapPatch(Routes.Epic, Update).WithName("UpdateEpic").Admit(Access.Steer);
        routes.MapDelete(Routes.Epic, Delete).WithName("DeleteEpic").Admit(Access.Steer);
    }

    private static async Task<Page<EpicInfo>> List(Store store, string? project, string? cursor, int? limit, CancellationToken ct)
    {
        var take = Paging.Limit(limit);
        var rows = (await store.ReadAsync(c => c.QueryAsync<EpicRow>(
            "SELECT e.* FROM epics e JOIN projects p ON p.id = e.project_id WHERE (@project IS NULL OR p.id = @project OR p.key = @key) AND e.id > @after ORDER BY e.id LIMIT @limit",
            new { project, key = project?.ToUpperInvariant(), after = Paging.Decode(cursor) ?? "", limit = take + 1 }), ct)).AsList();
        return Paging.Page(rows, take, r => r.Id, r => r.ToInfo());
    }

    private static async Task<EpicInfo> Get(string id, Store store, CancellationToken ct) =>
        (await store.ReadAsync(c => c.QueryFirstOrDefaultAsync<EpicRow>("SELECT * FROM epics WHERE id = @id", new { id }), ct) ?? throw Refusal.NotFound("epic", id)).ToInfo();

    private static async Task<Created<EpicInfo>> Create(CreateEpic body, Writes writes, CancellationToken ct)
    {
        new Checked().Line(body.Title, "title", 500).Require(body.Number is null or (>= 1 and <= 100_000), "number", "number is 1 to 100000.").ThrowIfWrong();
        var info = await writes.RunAsync(body, tx => Add(tx, ProjectRow.Get(tx, body.Project), body.Number, body.Title, body.Gate).ToInfo(), ct);
        return TypedResults.Created(Routes.With(Routes.Epic, info.Id), info);
    }

    /// <summary>Adds an epic; its gate may name epics that come later.</summary>
    public static EpicRow Add(StoreTransaction tx, ProjectRow project, int? wanted, string title, Gate? gate)
    {
        var number = wanted ?? tx.QueryFirst<int>("SELECT COALESCE(MAX(number), 0) + 1 FROM epics WHERE project_id = @Id", new { project.Id });
        if (tx.QueryFirst<int>("SELECT COUNT(*) FROM epics WHERE project_id = @Id AND number = @number", new { project.Id, number }) > 0)
            throw new Refusal(409, ProblemCodes.Duplicate, $"Project {project.Key} has an epic {number} already.");
        // One that names no epics is none, as in an edit.
        if (gate is { Epics.Count: 0 }) gate = null;
        CheckGate(tx, project.Id, number, gate);
        var row = new EpicRow
        {
            Id = Ids.New(),
            ProjectId = project.Id,
            Number = number,
            Title = title.Trim(),
            GateEpics = gate is null ? null : JsonSerializer.Serialize(gate.Epics),
            GatePercent = gate?.Percent,
            GateOpen = gate is null,
        };
        tx.ExecuteOne(
            """
            INSERT INTO epics (id, project_id, number, title, gate_epics, gate_percent, gate_open, created_at, updated_at)
            VALUES (@Id, @ProjectId, @Number, @Title, @GateEpics, @GatePercent, @GateOpen, @Now, @Now)
            """, new { row.Id, row.ProjectId, row.Number, row.Title, row.GateEpics, row.GatePercent, row.GateOpen, tx.Now });
        tx.Emit(EventTypes.EpicCreated, $"Epic {number} '{row.Title}' was added to {project.Key}", project.Id, data: new { epic = number });
        return row;
    }

    private static Task<EpicInfo> Update(string id, UpdateEpic body, Writes writes, CancellationToken ct)
    {
        new Checked().Line(body.Title, "title", 500, required: false).ThrowIfWrong();
        return writes.RunAsync(body, tx =>
        {
            var row = tx.QueryFirst<EpicRow>("SELECT * FROM epics WHERE id = @id", new { id }) ?? throw Refusal.NotFound("epic", id);
            if (body.Title is not null) tx.ExecuteOne("UPDATE epics SET title = @Title, updated_at = @Now WHERE id = @id", new { body.Title, tx.Now, id });
            if (body.Gate is { Epics.Count: 0 })
            {
                tx.ExecuteOne("UPDATE epics SET gate_epics = NULL, gate_percent = NULL, gate_open = 1, updated_at = @Now WHERE id = @id", new { tx.Now, id });
                Readiness.SetGate(tx, id, open: true);
            }
            else if (body.Gate is { } gate)
            {
                CheckGate(tx, row.ProjectId, row.Number, gate);
                tx.ExecuteOne("UPDATE epics SET gate_epics = @epics, gate_percent = @Percent, gate_open = 0, updated_at = @Now WHERE id = @id",
                    new { epics = JsonSerializer.Serialize(gate.Epics), gate.Percent, tx.Now, id });
                Readiness.SetGate(tx, id, open: false);
                EpicCounters.TestGates(tx, row.ProjectId);
            }

            tx.Emit(EventTypes.EpicUpdated, $"Epic {row.Number} was changed", row.ProjectId, data: new { epic = row.Number });
            return tx.QueryFirst<EpicRow>("SELECT * FROM epics WHERE id = @id", new { id })!.ToInfo();
        }, ct);
    }

    private static async Task<NoContent> Delete(string id, Writes writes, CancellationToken ct)
    {
        await writes.RunAsync(null, tx =>
        {
            var row = tx.QueryFirst<EpicRow>("SELECT * FROM epics WHERE id = @id", new { id }) ?? throw Refusal.NotFound("epic", id);
            if (tx.QueryFirst<int>("SELECT COUNT(*) FROM tasks WHERE epic_id = @id", new { id }) > 0)
                throw new Refusal(409, ProblemCodes.InUse, $"Epic {row.Number} still has tasks. Delete them first.");
            tx.ExecuteOne("DELETE FROM epics WHERE id = @id", new { id });
            tx.Emit(EventTypes.EpicDeleted, $"Epic {row.Number} '{row.Title}' was deleted", row.ProjectId, data: new { epic = row.Number });
            EpicCounters.TestGates(tx, row.ProjectId);
            return id;
        }, ct);
        return TypedResults.NoContent();
    }

    private static void CheckGate(StoreTransaction tx, string projectId, int number, Gate? gate)
    {
        if (gate is null || gate.Epics.Count == 0) return;
        new Checked()
            .Require(gate.Percent is >= 1 and <= 100, "gate.percent", "A gate's percent is 1 to 100.")
            .Require(gate.Epics.Count <= 1000 && gate.Epics.All(e => e > 0), "gate.epics", "A gate names epics by their numbers.")
            .ThrowIfWrong();
        // Walk from the named epics along their gates; coming back here would be a circle that never opens.
        var gates = tx.Query<EpicRow>("SELECT * FROM epics WHERE project_id = @projectId AND gate_epics IS NOT NULL", new { projectId }).ToDictionary(e => e.Number, e => e.Gate!.Epics);
        var seen = new HashSet<int>();
        var open = new Stack<int>(gate.Epics);
        while (open.TryPop(out var next))
        {
            if (next == number) throw new Refusal(409, ProblemCodes.Cycle, $"Epic {number} cannot wait for epics that wait for it.");
            if (!seen.Add(next) || !gates.TryGetValue(next, out var further)) continue;
            foreach (var epic in further) open.Push(epic);
        }
    }
}
