using System.Text.Json;
using Muster.Contracts;
using Muster.Contracts.Conversations;
using Muster.Contracts.Events;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Conversations;

/// <summary>Carries a goal from one state to the next, with its event and what is said about it; the one place that does.</summary>
internal static class GoalWrites
{
    private const int MostOpen = 500;

    public static GoalRow Create(StoreTransaction tx, ConversationRow conversation, SayRequest said)
    {
        var project = said.Project is null ? null : ProjectRow.Get(tx, said.Project);
        if (tx.QueryFirst<int>("SELECT COUNT(*) FROM goals WHERE ended_at IS NULL") >= MostOpen)
            throw Refusal.WrongState($"{MostOpen} goals are open, which is the limit. Cancel some first: muster goal list");
        var row = new GoalRow
        {
            Id = Ids.New(),
            Number = tx.QueryFirst<int>("SELECT COALESCE(MAX(number), 0) + 1 FROM goals"),
            ConversationId = conversation.Id,
            ProjectId = project?.Id,
            Repository = said.Repository,
            Request = said.Text.Trim(),
            State = GoalState.Planning,
            Approval = said.Approval,
            BudgetUsd = said.BudgetUsd,
            CreatedAt = tx.Now,
            UpdatedAt = tx.Now,
        };
        tx.ExecuteOne(
            """
            INSERT INTO goals (id, number, conversation_id, project_id, repository, request, state, approval, budget_usd, created_at, updated_at)
            VALUES (@Id, @Number, @ConversationId, @ProjectId, @Repository, @Request, @State, @Approval, @BudgetUsd, @CreatedAt, @UpdatedAt)
            """, row);
        Emit(tx, row, EventTypes.GoalCreated, $"{row.Key} is wanted: {Wording.Line(row.Request, 200)}");
        return row;
    }

    /// <summary>The person has said something that asks for another plan, or for a change of a running one.</summary>
    public static void Wish(StoreTransaction tx, GoalRow goal)
    {
        var running = goal.State == GoalState.Running;
        tx.ExecuteOne(
            """
            UPDATE goals SET state = @state, wish = @running, approved_version = CASE WHEN @running = 1 THEN approved_version ELSE 0 END, revision = revision + 1,
                   calls = 0, changes = 0, waiting = NULL, waiting_detail = NULL, waiting_on_tasks = 0, retry_at = NULL, ended_at = NULL, updated_at = @Now WHERE id = @Id
            """, new { state = running ? GoalState.Running : GoalState.Planning, running, tx.Now, goal.Id });
        Emit(tx, goal, EventTypes.GoalResumed, $"{goal.Key} is thought about again");
    }

    /// <summary>Puts a plan, or another one, before the person.</summary>
    public static void Planned(StoreTransaction tx, GoalRow goal, GoalPlan plan, bool begin)
    {
        var version = goal.PlanVersion + 1;
        tx.ExecuteOne(
            """
            UPDATE goals SET state = 'waiting_approval', plan = @json, plan_version = @version, approved_version = @approved, title = @title,
                   revision = revision + 1, waiting = NULL, waiting_detail = NULL, waiting_on_tasks = 0, retry_at = NULL, updated_at = @Now WHERE id = @Id
            """,
            new { json = JsonSerializer.Serialize(plan, Wire.Json), version, approved = begin ? version : 0, title = Wording.Line(plan.Goal, 300), tx.Now, goal.Id });
        Emit(tx, goal with { State = GoalState.WaitingApproval }, EventTypes.GoalPlanned, $"{goal.Key} has a plan of {plan.Tasks.Count} tasks{(begin ? "" : " that waits for approval")}", new { version });
    }

    /// <summary>Notes what the person answered, without making it another plan.</summary>
    public static void Keep(StoreTransaction tx, GoalRow goal, GoalPlan plan) =>
        tx.ExecuteOne("UPDATE goals SET plan = @json, updated_at = @Now WHERE id = @Id", new { json = JsonSerializer.Serialize(plan, Wire.Json), tx.Now, goal.Id });

    /// <summary>Says that this version is to be begun; whoever comes first begins it.</summary>
    public static void Approve(StoreTransaction tx, GoalRow goal)
    {
        if (goal.ApprovedVersion == goal.PlanVersion) return;
        tx.ExecuteOne("UPDATE goals SET approved_version = plan_version, waiting = NULL, waiting_detail = NULL, waiting_on_tasks = 0, updated_at = @Now WHERE id = @Id", new { tx.Now, goal.Id });
        Emit(tx, goal, EventTypes.GoalResumed, $"The plan of {goal.Key} was approved");
    }

    /// <summary>It does not move until a model can be asked or the person decides.</summary>
    public static void Wait(StoreTransaction tx, GoalRow goal, string waiting, string detail, long? retryAt, bool onTasks = false)
    {
        tx.ExecuteOne("UPDATE goals SET waiting = @waiting, waiting_detail = @detail, waiting_on_tasks = @onTasks, retry_at = @retryAt, updated_at = @Now WHERE id = @Id",
            new { waiting, detail, onTasks, retryAt, tx.Now, goal.Id });
        // The same said every few seconds would be noise.
        if (goal.Waiting == waiting && goal.WaitingDetail == detail) return;
        Emit(tx, goal, EventTypes.GoalWaiting, $"{goal.Key} waits: {Wording.Line(detail, 300)}", new { waiting });
        TurnRow.Add(tx, goal.ConversationId, TurnAuthors.Chief, waiting == GoalWaits.Person ? detail : $"{goal.Key} waits: {detail}", goal);
    }

    public static void End(StoreTransaction tx, GoalRow goal, string state, string said)
    {
        tx.ExecuteOne(
            """
            UPDATE goals SET state = @state, wish = 0, revision = revision + 1, waiting = NULL, waiting_detail = NULL, waiting_on_tasks = 0, retry_at = NULL, ended_at = @Now, updated_at = @Now
             WHERE id = @Id AND ended_at IS NULL
            """, new { state, tx.Now, goal.Id });
        var type = state switch { GoalState.Done => EventTypes.GoalDone, GoalState.Failed => EventTypes.GoalFailed, _ => EventTypes.GoalCancelled };
        Emit(tx, goal with { State = state }, type, $"{goal.Key} is {state}: {Wording.Line(goal.Title ?? goal.Request, 200)}");
        TurnRow.Add(tx, goal.ConversationId, TurnAuthors.Chief, said, goal);
    }

    /// <summary>Gives a goal up, and those of its tasks that are still open.</summary>
    public static void Cancel(StoreTransaction tx, GoalRow goal, string? reason)
    {
        if (goal.State == GoalState.Cancelled) return;
        if (goal.Ended) throw Refusal.WrongState($"{goal.Key} is {goal.State} already.");
        var open = GoalTask.Of(tx, goal.Id).Where(t => t.Counts && !TaskLifecycle.IsFinal(t.Status)).ToList();
        foreach (var task in open) TaskTransitions.Cancel(tx, TaskQueries.Get(tx, task.TaskId), $"{goal.Key} was cancelled.");
        End(tx, goal, GoalState.Cancelled, $"{goal.Key} is cancelled{(open.Count > 0 ? $", and {open.Count} open tasks with it" : "")}{(reason is null ? "." : ": " + Wording.Line(reason, 300))}");
    }

    public static void Emit(StoreTransaction tx, GoalRow goal, string type, string text, object? more = null) =>
        tx.Emit(type, text, goal.ProjectId, data: new { goal = goal.Key, id = goal.Id, conversation = goal.ConversationId, state = goal.State, more });
}
