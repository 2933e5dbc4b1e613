using Microsoft.AspNetCore.Http.HttpResults;
using Muster.Contracts;
using Muster.Contracts.Security;
using Muster.Contracts.Work;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

public static class ClaimsApi
{
    public static void MapClaims(this IEndpointRouteBuilder routes)
    {
        routes.MapPost(Routes.Claims, Claim).WithName("ClaimTasks").Admit(Access.Work);
        routes.MapPost(Routes.Assignments, Assign).WithName("CreateAssignment").Admit(Access.Work);
    }

    private static async Task<ClaimAnswer> Claim(
        ClaimRequest body, HttpContext http, Store store, ClaimTasks claims, CompleteAssignments completions, ReadyWaiters waiters, AgentDirectory agents, ClaimAnswers answers, TimeProvider time,
        TokenDirectory tokens, IHostApplicationLifetime lifetime, CancellationToken ct)
    {
        new Checked()
            .Require(body.Max is >= 1 and <= 100 || (body.Max == 0 && body.Complete is { Count: > 0 }), "max", "max is 1 to 100, or 0 where work is handed in.")
            .Require(body.Complete is null or { Count: <= 100 }, "complete", "At most 100 hand-ins in one request.")
            .Require(body.Complete is null || body.Complete.All(h => h is { AssignmentId: not null, Lease: not null, Result: not null }), "complete", "Each hand-in names its assignment and its lease.")
            .Require(body.WaitSeconds is >= 0 and <= 60, "waitSeconds", "waitSeconds is 0 to 60.")
            .Labels(body.Labels)
            .ThrowIfWrong();
        var agent = await OwnAgent(http, agents, body.Agent, ct);
        var item = Item(http, agent, body);

        if (body.Complete is { Count: > 0 } done) return await CompleteAndTakeAsync(store, completions, claims, answers, done, item, ct);

        // Enter before looking for work, so that nothing that becomes ready meanwhile is missed.
        var start = time.GetTimestamp();
        var ticket = waiters.Enter();
        CancellationTokenSource? stopping = null;
        try
        {
            while (true)
            {
                await answers.ReadyAsync(ct);
                var answer = await TakeAsync(store, claims, answers, item, ct);
                var left = TimeSpan.FromSeconds(body.WaitSeconds) - time.GetElapsedTime(start);
                if (answer.Tasks.Count > 0 || left <= TimeSpan.Zero) return answer;
                stopping ??= CancellationTokenSource.CreateLinkedTokenSource(ct, lifetime.ApplicationStopping, tokens.EndOf(http.Principal().TokenId));
                if (!await ticket.WaitAsync(left, time, stopping.Token)) return answer;

                // In line again before looking again; the wake-up is passed on only if the look finds nothing.
                var woken = ticket;
                ticket = waiters.Enter(woken);
                await answers.ReadyAsync(ct);
                answer = await TakeAsync(store, claims, answers, item, ct);
                waiters.Leave(woken, used: answer.Tasks.Count > 0);
                if (answer.Tasks.Count > 0) return answer;
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // The plane is stopping, or the token is revoked: an empty answer now is kinder than a cut connection.
            return new ClaimAnswer { Tasks = [] };
        }
        finally
        {
            waiters.Leave(ticket, used: false);
            stopping?.Dispose();
        }
    }

    /// <summary>"Complete these and claim the next", by one commit.</summary>
    private static async Task<ClaimAnswer> CompleteAndTakeAsync(
        Store store, CompleteAssignments completions, ClaimTasks claims, ClaimAnswers answers, IReadOnlyList<Completion> done, ClaimItem item, CancellationToken ct)
    {
        foreach (var handIn in done) AssignmentsApi.Check(handIn.Result);
        await answers.ReadyAsync(ct);
        var together = new Together();
        var completing = new List<BulkItem<CompleteItem, AssignmentInfo>>(done.Count);
        foreach (var handIn in done) completing.Add(together.Add(completions, new CompleteItem(LeaseToken.Read(handIn.Lease, store.LeaseKey), handIn.AssignmentId, handIn.Result, item.AgentId)));
        // Carried out behind them: it finds the room that they make.
        var taking = item.Request.Max > 0 ? together.Add(claims, item) : null;
        await store.WriteAsync(together, CancellationToken.None);
        return (taking is null ? new ClaimAnswer { Tasks = [] } : Answer(answers, taking.Outcome)) with { Completed = [.. done.Zip(completing, Outcome)] };
    }

    private static CompletionOutcome Outcome(Completion handIn, BulkItem<CompleteItem, AssignmentInfo> completing)
    {
        try
        {
            return new CompletionOutcome { AssignmentId = handIn.AssignmentId, Assignment = completing.Outcome };
        }
        catch (Refusal refusal)
        {
            return new CompletionOutcome { AssignmentId = handIn.AssignmentId, Refused = refusal.ToProblem() };
        }
    }

    private static ClaimItem Item(HttpContext http, AgentRow agent, ClaimRequest body) =>
        Writes.Key(http) is { } key ? new ClaimItem(agent.Id, body, $"{http.Principal().TokenId}/{key}", Writes.Fingerprint(http.Request, body)) : new ClaimItem(agent.Id, body, null, null);

    private static async Task<ClaimAnswer> TakeAsync(Store store, ClaimTasks claims, ClaimAnswers answers, ClaimItem item, CancellationToken ct) =>
        Answer(answers, await store.WriteAsync(claims, item, ct));

    private static ClaimAnswer Answer(ClaimAnswers answers, ClaimedRows claimed) => new() { Tasks = claimed.Tasks.Count == 0 ? [] : [.. claimed.Tasks.Select(answers.Of)] };

    private static async Task<Created<ClaimedTask>> Assign(
        CreateAssignment body, HttpContext http, Store store, Writes writes, AgentDirectory agents, ClaimAnswers answers, CancellationToken ct)
    {
        await OwnAgent(http, agents, body.Agent, ct);
        await answers.ReadyAsync(ct);
        var claimed = await writes.RunAsync(body, tx =>
        {
            var agent = AgentRow.Get(tx, body.Agent);
            var task = TaskQueries.Get(tx, body.Task);
            if (!task.Ready) throw Refusal.WrongState($"{task.Key} is not ready; `muster task why {task.Key}` says why.");
            if (!agent.MayClaim) throw Refusal.WrongState($"Agent {agent.Name} is {(agent.Active ? agent.Desired : "not active")}.");
            var project = tx.QueryFirst<ProjectRow>(ProjectRow.Select + " WHERE id = @ProjectId", new { task.ProjectId })!;
            if (project.Paused) throw Refusal.WrongState($"The project {project.Key} is paused; resume it first.");
            if (tx.QueryFirst<int>("SELECT COUNT(*) FROM assignments WHERE agent_id = @Id AND ended_at IS NULL", new { agent.Id }) >= agent.Capacity)
                throw Refusal.WrongState($"Agent {agent.Name} holds as many tasks as it can carry ({agent.Capacity}).");
            return answers.Of(Claimed.Directly(tx, store, project, task, agent));
        }, ct);
        return TypedResults.Created(Routes.With(Routes.Assignment, claimed.Assignment.Id), claimed);
    }

    private static async Task<AgentRow> OwnAgent(HttpContext http, AgentDirectory agents, string name, CancellationToken ct)
    {
        var agent = await agents.FindAsync(name, ct)
            ?? throw Refusal.NotFound("agent", name);
        var principal = http.Principal();
        if (principal.Scope == Scopes.Agent && principal.Subject is not null && principal.Subject != agent.Id)
            throw Refusal.Forbidden("This token belongs to another agent.");
        return agent;
    }
}

/// <summary>What a claim must say about git; answered from memory, inside the transaction.</summary>
public interface IClaimGit
{
    /// <summary>Before a claim and outside its transaction: makes the branches of epics that ready tasks start from.</summary>
    Task ReadyAsync(CancellationToken ct);

    GitWork? For(ProjectRow project, TaskRow task, string agent);
}
