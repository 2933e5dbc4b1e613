using System.Text.Json;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;
using Muster.ControlPlane.Fleet.Roles;
using Muster.ControlPlane.Models.Ledger;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Fleet.Specialists;

/// <summary>
/// Makes a specialist: a role's file, an agent that the maker's host starts, a budget and an end, all in the transaction that checks
/// the lease of the task it is for. A zombie makes none, and of two that race for the last place one is refused.
/// </summary>
public sealed class SpawnSpecialists(Store store, RoleCatalog roles)
{
    public SpecialistInfo Run(StoreTransaction tx, string? lease, SpawnSpecialist wish)
    {
        var task = Leases.Require(tx, store, lease);
        var maker = AgentRow.Get(tx, task.AgentId!);
        var role = roles.Find(task.Role ?? maker.Role);
        SpecialistRules.Admit(wish, Facts(tx, task, maker, role));
        if (roles.Find(wish.Name) is not null || AgentRow.Find(tx, wish.Name) is not null || SpecialistRow.Find(tx, wish.Name) is not null)
            throw new Refusal(409, ProblemCodes.Duplicate, $"There is, or was, a role, an agent or a specialist '{wish.Name}'. Take another name.");
        if (maker.ReadDefinition() is not { } definition || maker.HostId is null)
            throw Refusal.WrongState($"Agent {maker.Name} runs on no host of the fleet, so there is none that could start a specialist.");
        var agent = Agent(tx, wish, maker, definition);
        var row = new SpecialistRow
        {
            Id = Ids.New(),
            Name = wish.Name,
            AgentId = agent,
            TaskId = task.Id,
            SpawnedBy = maker.Id,
            Depth = DepthOf(tx, maker.Id) + 1,
            Why = wish.Why.Trim(),
            RoleText = SpecialistRules.RoleText(wish, role!),
            LimitNanos = Nanos.Of(wish.LimitUsd)!.Value,
            LimitTokens = wish.LimitTokens,
            EndsAt = tx.Now + (long)(wish.Hours * 3_600_000),
            CreatedAt = tx.Now,
            TaskKey = task.Key,
            Spawner = maker.Name,
        };
        tx.ExecuteOne(
            """
            INSERT INTO specialists (id, name, agent_id, task_id, spawned_by, depth, state, why, role_text, limit_nanos, limit_tokens, ends_at, created_at)
            VALUES (@Id, @Name, @AgentId, @TaskId, @SpawnedBy, @Depth, @State, @Why, @RoleText, @LimitNanos, @LimitTokens, @EndsAt, @CreatedAt)
            """, row);
        tx.ExecuteOne(
            """
            INSERT INTO budgets (id, scope, subject, period, limit_nanos, limit_tokens, created_at, updated_at)
            VALUES (@id, 'agent', @AgentId, 'ever', @LimitNanos, @LimitTokens, @Now, @Now)
            """, new { id = Ids.New(), row.AgentId, row.LimitNanos, row.LimitTokens, tx.Now });
        tx.Emit(EventTypes.SpecialistSpawned, $"{maker.Name} made the specialist {row.Name} for {task.Key}, at most ${wish.LimitUsd:0.##} and {wish.Hours:0.#} h: {row.Why}", task.ProjectId, task.Id, agent,
            new { name = row.Name, row.Depth, usd = wish.LimitUsd, tokens = wish.LimitTokens, hours = wish.Hours });
        tx.Notify(new SpecialistsChanged());
        return row.ToInfo([.. (wish.Tasks ?? []).Select(first => AddFirst(tx, task, wish.Name, first))]);
    }

    private static string Agent(StoreTransaction tx, SpawnSpecialist wish, AgentRow maker, AgentDefinition definition)
    {
        // No more of the machine than its maker has, and none of its maker's environment.
        var own = new AgentDefinition { Executor = Executors.Builtin, Sandbox = definition.Sandbox, Limits = definition.Limits, TimeoutSeconds = definition.TimeoutSeconds };
        var id = Ids.New();
        tx.ExecuteOne(
            """
            INSERT INTO agents (id, name, role, labels, host_id, capacity, desired, definition, health, created_at, updated_at)
            VALUES (@id, @Name, @Name, '[]', @HostId, 1, 'running', @own, 'offline', @Now, @Now)
            """, new { id, wish.Name, maker.HostId, own = JsonSerializer.Serialize(own, Wire.Json), tx.Now });
        tx.Notify(new AgentChanged(id, wish.Name));
        return id;
    }

    private static string AddFirst(StoreTransaction tx, TaskRow task, string role, SpecialistTask first)
    {
        var body = new CreateTask { Project = task.ProjectId, Title = first.Title, Description = first.Description, Role = role, Parent = task.Id, Priority = task.Priority };
        AddTask.Check(body);
        return AddTask.Run(tx, body).Key;
    }

    private static SpecialistFacts Facts(StoreTransaction tx, TaskRow task, AgentRow maker, Role? role)
    {
        var ofTask = tx.Query<SpecialistRow>("SELECT * FROM specialists WHERE task_id = @Id", new { task.Id });
        return new SpecialistFacts(
            role, DepthOf(tx, maker.Id), ofTask.Count(s => s.State == SpecialistRow.Active), tx.QueryFirst<int>("SELECT COUNT(*) FROM specialists WHERE state = 'active'"),
            ofTask.Sum(s => Nanos.Dollars(s.LimitNanos)), ofTask.Sum(s => s.LimitTokens));
    }

    private static int DepthOf(StoreTransaction tx, string agentId) => tx.QueryFirst<int?>("SELECT depth FROM specialists WHERE agent_id = @agentId", new { agentId }) ?? 0;
}

/// <summary>A specialist was made or retired: its role's file follows.</summary>
public sealed record SpecialistsChanged : Signal;
