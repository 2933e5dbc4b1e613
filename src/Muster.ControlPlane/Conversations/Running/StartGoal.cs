using Muster.Contracts.Conversations;
using Muster.Contracts.Events;
using Muster.Contracts.Work;
using Muster.ControlPlane.Conversations.Planning;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Fleet.Roles;
using Muster.ControlPlane.Models.Budgets;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Conversations.Running;

/// <summary>
/// Makes an approved plan real: project, epics, tasks and edges in one transaction, once. Whoever approves carries it out at
/// once; when that is cut short nothing has happened, and the leader does it.
/// </summary>
internal sealed class StartGoal(Store store, IProjectRepositories repositories, RoleCatalog roles)
{
    public async Task RunAsync(string goalId, CancellationToken ct)
    {
        var (goal, plan) = await store.WriteAsync(tx => Due(tx, goalId), ct);
        if (goal is null || plan is null) return;
        try
        {
            await BeginAsync(goal, plan, ct);
        }
        catch (Refusal refusal)
        {
            // The world has changed since the plan was checked: a role or project is gone, a repository cannot be read.
            await store.WriteAsync(tx => TakeBack(tx, goal, refusal), ct);
            throw;
        }
    }

    private async Task BeginAsync(GoalRow goal, GoalPlan plan, CancellationToken ct)
    {
        if (plan.Project.Key is not null || plan.Project.Repository is not { } repository)
        {
            await store.WriteAsync(tx => Create(tx, goal, plan, null), ct);
            return;
        }

        // Outside the transaction: fetching takes as long as it takes, and a repository that cannot be read changes nothing.
        var id = Ids.New();
        var mirrored = await repositories.MirrorAsync(id, repository, null, ct);
        var used = false;
        try
        {
            used = await store.WriteAsync(tx => Create(tx, goal, plan, (id, mirrored)), ct);
        }
        finally
        {
            if (!used) await repositories.ForgetAsync(id);
        }
    }

    private static (GoalRow? Goal, GoalPlan? Plan) Due(StoreTransaction tx, string goalId) =>
        GoalRow.Find(tx, goalId) is { State: GoalState.WaitingApproval } goal && goal.ApprovedVersion == goal.PlanVersion ? (goal, goal.ReadPlan()) : (null, null);

    private static void TakeBack(StoreTransaction tx, GoalRow seen, Refusal refusal)
    {
        if (Due(tx, seen.Id).Goal is not { } goal || goal.PlanVersion != seen.PlanVersion) return;
        tx.ExecuteOne("UPDATE goals SET approved_version = 0 WHERE id = @Id", new { goal.Id });
        GoalWaiting.ForPerson(tx, goal, $"{goal.Key} could not be begun: {Wording.Line(refusal.Message, 400)} Mend that and approve it again, or say what to change.");
    }

    /// <returns>Whether it was begun here; false when somebody else was first or it has changed.</returns>
    private bool Create(StoreTransaction tx, GoalRow seen, GoalPlan plan, (string Id, Mirrored Mirrored)? made)
    {
        if (Due(tx, seen.Id).Goal is not { } goal || goal.PlanVersion != seen.PlanVersion) return false;
        var project = made is { } repository ? NewProject(tx, plan, repository.Id, repository.Mirrored) : ProjectRow.Get(tx, plan.Project.Key!);
        var epics = plan.Epics.ToDictionary(e => e.Number, e => EpicsApi.Add(tx, project, null, e.Title, null).Number);
        var ids = new Dictionary<int, string>();
        foreach (var task in PlanWaves.Of(plan.Tasks).SelectMany(w => w)) AddPlanned(tx, goal, project, task, task.Epic is { } epic ? epics[epic] : null, ids, roles);
        if (ids.Count != plan.Tasks.Count) throw new InvalidOperationException($"{goal.Key}: {plan.Tasks.Count - ids.Count} tasks of a checked plan could not be placed.");
        tx.ExecuteOne("UPDATE goals SET state = 'running', project_id = @Id, waiting = NULL, waiting_detail = NULL, waiting_on_tasks = 0, retry_at = NULL, updated_at = @Now WHERE id = @goal",
            new { project.Id, tx.Now, goal = goal.Id });
        GoalWrites.Emit(tx, goal with { ProjectId = project.Id, State = GoalState.Running }, EventTypes.GoalStarted, $"{goal.Key} is begun in {project.Key}: {ids.Count} tasks", new { tasks = ids.Count });
        return true;
    }

    /// <summary>Adds one task of a plan or of its change; what it waits for has been added before.</summary>
    internal static TaskRow AddPlanned(StoreTransaction tx, GoalRow goal, ProjectRow project, PlannedTask task, int? epic, Dictionary<int, string> ids, RoleCatalog roles,
        IEnumerable<string>? also = null)
    {
        var body = new CreateTask
        {
            Project = project.Id,
            Title = task.Title,
            Description = $"{task.Description}\n\nThis is task {task.Number} of {goal.Key}: {goal.Title}",
            Epic = epic,
            Labels = task.Labels,
            Priority = task.Priority,
            Role = task.Role,
            EstimateHours = task.Hours,
            Contract = task.Contract,
            NeedsApproval = task.NeedsApproval,
            DependsOn = [.. task.After.Select(n => ids[n]), .. also ?? []],
        };
        AddTask.Check(body);
        roles.Require(body.Role);
        var role = roles.Find(body.Role);
        var row = AddTask.Run(tx, body, role);
        TaskBudgets.Plan(tx, row, task.BudgetUsd, role);
        ids[task.Number] = row.Id;
        tx.ExecuteOne("INSERT INTO goal_tasks (goal_id, number, task_id) VALUES (@goal, @Number, @Id)", new { goal = goal.Id, task.Number, row.Id });
        return row;
    }

    private static ProjectRow NewProject(StoreTransaction tx, GoalPlan plan, string id, Mirrored mirrored) =>
        ProjectsApi.Insert(tx, id, new CreateProject { Name = plan.Project.Name!, Repository = plan.Project.Repository }, mirrored);
}
