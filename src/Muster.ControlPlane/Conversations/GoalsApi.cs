using Dapper;
using Muster.Contracts;
using Muster.Contracts.Conversations;
using Muster.Contracts.Work;
using Muster.ControlPlane.Conversations.Running;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Conversations;

public static class GoalsApi
{
    internal static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Goals, List).WithName("ListGoals").Admit(Access.Read);
        routes.MapGet(Routes.Goal, Get).WithName("GetGoal").Admit(Access.Read);
        routes.MapPost(Routes.GoalApprove, Approve).WithName("ApproveGoal").Admit(Access.Steer);
        routes.MapPost(Routes.GoalReject, Reject).WithName("RejectGoal").Admit(Access.Steer);
        routes.MapPost(Routes.GoalAnswer, Answer).WithName("AnswerGoal").Admit(Access.Steer);
        routes.MapPost(Routes.GoalCancel, Cancel).WithName("CancelGoal").Admit(Access.Steer);
    }

    private static async Task<Page<GoalInfo>> List(Store store, GoalReader reader, string? state, string? conversation, string? cursor, int? limit, CancellationToken ct)
    {
        if (state is not null && !GoalState.All.Contains(state)) throw Refusal.Invalid("state", $"state is one of {string.Join(", ", GoalState.All)}.");
        var take = Paging.Limit(limit);
        var before = Paging.Decode(cursor) is { } text && int.TryParse(text, out var number) ? number : int.MaxValue;
        var rows = (await store.ReadAsync(c => c.QueryAsync<GoalRow>(
            GoalRow.Select + " WHERE (@state IS NULL OR state = @state) AND (@conversation IS NULL OR conversation_id = @conversation) AND number < @before ORDER BY number DESC LIMIT @limit",
            new { state, conversation, before, limit = take + 1 }), ct)).AsList();
        var infos = await reader.InfosAsync([.. rows.Take(take)], ct);
        return new Page<GoalInfo> { Items = infos, Next = rows.Count > take ? Paging.Encode(rows[take - 1].Number.ToString()) : null };
    }

    private static Task<GoalInfo> Get(string id, GoalReader reader, CancellationToken ct) => reader.InfoAsync(id, ct);

    /// <summary>Approving twice begins it once; the second time it is answered as it stands.</summary>
    private static async Task<GoalInfo> Approve(string id, ApproveGoal? body, Store store, StartGoal start, GoalReader reader, CancellationToken ct)
    {
        var goalId = await store.WriteAsync(tx =>
        {
            var goal = GoalRow.Get(tx, id);
            var begun = goal.State is GoalState.Running or GoalState.Done;
            if (body?.PlanVersion is { } version && version != goal.PlanVersion)
                throw Refusal.Conflict($"The plan of {goal.Key} is at version {goal.PlanVersion} and you looked at {version}. Look at it again: muster goal show {goal.Key}");
            if (!begun && goal.State != GoalState.WaitingApproval) throw Refusal.WrongState($"{goal.Key} is {goal.State.Replace('_', ' ')}; there is no plan to approve.");
            if (!begun) GoalWrites.Approve(tx, goal);
            return goal.Id;
        }, ct);
        await start.RunAsync(goalId, ct);
        return await reader.InfoAsync(goalId, ct);
    }

    private static async Task<GoalInfo> Reject(string id, Reason? body, Writes writes, GoalReader reader, CancellationToken ct)
    {
        new Checked().Text(body?.Text, "text", 2000, required: false).ThrowIfWrong();
        var goalId = await writes.RunAsync(body, tx =>
        {
            var goal = GoalRow.Get(tx, id);
            if (goal.State is GoalState.Running) throw Refusal.WrongState($"{goal.Key} runs already; cancel it instead.");
            GoalWrites.Cancel(tx, goal, body?.Text);
            return goal.Id;
        }, ct);
        return await reader.InfoAsync(goalId, ct);
    }

    private static async Task<GoalInfo> Answer(string id, AnswerGoal body, Writes writes, GoalReader reader, CancellationToken ct)
    {
        var check = new Checked().Require(body.Answers.Count is >= 1 and <= 20, "answers", "Give 1 to 20 answers.");
        foreach (var answer in body.Answers) check.Line(answer?.Text, "answers.text", 2000);
        check.ThrowIfWrong();
        var goalId = await writes.RunAsync(body, tx =>
        {
            var goal = GoalRow.Get(tx, id);
            foreach (var answer in body.Answers) TurnRow.Add(tx, goal.ConversationId, TurnAuthors.Person, $"{answer.Question}: {answer.Text.Trim()}", goal);
            EditPlan.Answer(tx, goal, body.Answers);
            return goal.Id;
        }, ct);
        return await reader.InfoAsync(goalId, ct);
    }

    private static async Task<GoalInfo> Cancel(string id, Reason? body, Writes writes, GoalReader reader, CancellationToken ct)
    {
        new Checked().Text(body?.Text, "text", 2000, required: false).ThrowIfWrong();
        var goalId = await writes.RunAsync(body, tx =>
        {
            var goal = GoalRow.Get(tx, id);
            GoalWrites.Cancel(tx, goal, body?.Text);
            return goal.Id;
        }, ct);
        return await reader.InfoAsync(goalId, ct);
    }
}
