using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.Contracts.Events;
using Muster.Contracts.Fleet;
using Muster.Contracts.Models;
using Muster.Contracts.Progress;
using Muster.Contracts.Security;
using Muster.Contracts.Work;

namespace Muster.ControlPlane.Tests.Delivery;

/// <summary>A proposed role is tried on recorded tasks against the one there is; nothing of it is merged or learnt (B6).</summary>
[Trait("req", "B6")]
public sealed class EvaluationTests
{
    private const string Role = "backend-engineer";
    private const string Advice = "Write good work.";

    [Fact]
    public async Task A_recorded_task_is_done_anew_from_where_it_began_under_both_roles_and_a_killed_plane_goes_on()
    {
        await using var forge = await Forge.StartAsync();
        forge.Answer = async job => new JobReport { Outcome = await forge.MirrorAsync("show", job.Job.Sha + ":result.txt") == "good" ? JobState.Passed : JobState.Failed, ExitCode = 0, Detail = "looked" };
        var recorded = await RecordAsync(forge, "Write the result", "result.txt");
        await RecordAsync(forge, "Something later", "other.txt");
        var before = await forge.TargetAsync();
        var pull = await ProposeAsync(forge);
        var agent = await forge.Plane.PostAsync<TokenCreated>(Routes.Tokens, new CreateToken { Name = "agent", Scope = Scopes.Agent });
        using (var client = forge.Plane.Client(agent.Secret))
            Assert.Equal(ProblemCodes.Forbidden, (await forge.Plane.RefusedAsync(HttpMethod.Post, Routes.With(Routes.PullEvaluations, "FLEET!1"), new CreateEvaluation(), client: client)).Code);
        var started = await forge.Plane.PostAsync<EvaluationInfo>(Routes.With(Routes.PullEvaluations, "FLEET!1"), new CreateEvaluation { Tasks = [recorded.Task.Key], LimitUsd = 3 });
        Assert.Equal((EvaluationState.Running, recorded.Git!.TargetSha, 3.0), (started.State, Assert.Single(started.Tasks).BaseSha, started.LimitUsd));

        // Ordinary leased work: from the recorded commit, in the recorded words, and which side it is stands in the role alone.
        await BeatAsync(forge);
        var trials = await forge.Plane.ClaimAsync("ada", 5);
        Assert.Equal(2, trials.Count);
        Assert.All(trials, trial => Assert.Equal((recorded.Git.TargetSha, "Write the result", "commit + test(pass)"), (trial.Git!.TargetSha, trial.Task.Title, trial.Task.Contract)));
        Assert.Single(trials, trial => trial.Role!.Instructions.Contains(Advice, StringComparison.Ordinal));
        Assert.Equal(2, (await forge.Plane.GetAsync<Page<BudgetInfo>>(Routes.Budgets)).Items.Count(b => b is { Scope: "task", LimitUsd: 1.5 }));
        await forge.Plane.RefusedAsync(HttpMethod.Patch, Routes.With(Routes.Task, trials[0].Task.Key), new UpdateTask { Contract = "pr(merged)" });

        await DoAsync(forge, trials[0]);
        await forge.UntilAsync(() => forge.Plane.ReadTaskAsync(trials[0].Task.Key), task => task.Status == TaskState.Cancelled);
        await forge.StopAsync();
        await forge.OpenAsync();
        await forge.HostAsync();
        await BeatAsync(forge, trials[1].Lease);
        await DoAsync(forge, trials[1]);
        await forge.UntilEventAsync(EventTypes.EvaluationEnded);

        var ended = await forge.Plane.GetAsync<EvaluationInfo>(Routes.With(Routes.Evaluation, started.Id));
        Assert.Equal((EvaluationState.Done, 0, 1), (ended.State, ended.Before.Passed, ended.After.Passed));
        var (worse, better) = (ended.Tasks[0].Before, ended.Tasks[0].After);
        Assert.Equal((TrialOutcomes.Failed, 1, 0), (worse.Outcome, worse.Checks, worse.ChecksPassed));
        Assert.Equal((TrialOutcomes.Passed, 1, 1), (better.Outcome, better.Checks, better.ChecksPassed));
        Assert.Contains("Check 'test' failed", worse.Detail);

        // It is evidence for who decides, and nothing else: no merge, no pull request, no lesson, no figure of the project's.
        var review = Assert.Single((await forge.PullAsync("FLEET!1")).Reviews);
        Assert.Equal(("evaluation", Verdicts.Comment, pull.HeadSha), (review.Reviewer, review.Verdict, review.HeadSha));
        Assert.Contains($"| {recorded.Task.Key} | before | failed | 0/1 |", review.Body);
        Assert.Contains(await forge.Plane.GetAsync<EvidenceInfo[]>(Routes.With(Routes.TaskEvidence, "FLEET-1")), one => one is { Kind: "research", Verified: true } && one.Reference == "evaluation:" + started.Id);
        Assert.Equal(before, await forge.TargetAsync());
        Assert.Equal(2, (await forge.Plane.GetAsync<Page<PullInfo>>(Routes.Pulls + "?project=FLT")).Items.Count);
        Assert.DoesNotContain(forge.Events(), one => one.Type == EventTypes.RoleLesson);
        var progress = Assert.Single((await forge.Plane.GetAsync<ProgressSummary>(Routes.ProgressSummary)).Projects, p => p.Project == "FLT");
        Assert.Equal((2, 100.0), (progress.Tasks, progress.Percent));
        Assert.False((await forge.PullAsync("FLEET!1")).Approved);
    }

    [Fact]
    public async Task Its_budget_and_number_are_bounded_and_it_ends_with_the_proposal()
    {
        await using var forge = await Forge.StartAsync();
        var plane = forge.Plane;
        var pull = await ProposeAsync(forge);
        var path = Routes.With(Routes.PullEvaluations, "FLEET!1");
        Assert.Contains("No task of the role", (await plane.RefusedAsync(HttpMethod.Post, path, new CreateEvaluation())).Detail);
        await RecordAsync(forge, "One", "a.txt");
        foreach (var wrong in (CreateEvaluation[])[new() { Last = 11 }, new() { LimitUsd = 51 }, new() { LimitTokens = 1 }, new() { Tasks = ["FLT-1"], Last = 1 }, new() { Tasks = ["FLT-77"] }])
            Assert.Equal(ProblemCodes.Invalid, (await plane.RefusedAsync(HttpMethod.Post, path, wrong)).Code);
        var started = await plane.PostAsync<EvaluationInfo>(path, new CreateEvaluation { Last = 1 });
        Assert.Contains("is being evaluated", (await plane.RefusedAsync(HttpMethod.Post, path, new CreateEvaluation { Last = 1 })).Detail);

        // What its share does not hold is a result; so is a question, since nobody answers one side.
        await BeatAsync(forge);
        var trials = await plane.ClaimAsync("ada", 5);
        await plane.PostAsync<AssignmentInfo>(Routes.With(Routes.AssignmentRelease, trials[0].Assignment.Id), new ReleaseAssignment { Reason = "budget: used up", WaitFor = WaitingCodes.Budget }, trials[0].Lease);
        var budget = (await plane.GetAsync<EvaluationInfo>(Routes.With(Routes.Evaluation, started.Id))).Tasks[0];
        Assert.Contains(TrialOutcomes.Budget, new[] { budget.Before.Outcome, budget.After.Outcome });
        // A provider that is down says nothing about the role: it is tried again.
        await plane.PostAsync<AssignmentInfo>(Routes.With(Routes.AssignmentRelease, trials[1].Assignment.Id), new ReleaseAssignment { Reason = "down", WaitFor = WaitingCodes.ProviderDown }, trials[1].Lease);
        Assert.Equal(TaskState.Pending, (await plane.ReadTaskAsync(trials[1].Task.Key)).Status);

        await plane.PostAsync<PullInfo>(Routes.With(Routes.PullClose, pull.Id), new Reason { Text = "no" });
        var stopped = await plane.GetAsync<EvaluationInfo>(Routes.With(Routes.Evaluation, started.Id));
        Assert.Equal((EvaluationState.Cancelled, "the pull request was closed"), (stopped.State, stopped.Reason));
        Assert.Equal(TaskState.Cancelled, (await plane.ReadTaskAsync(trials[1].Task.Key)).Status);
        Assert.Empty(await plane.ClaimAsync("ada", 5));
    }

    /// <summary>Does as its role says: well, where that gives the advice.</summary>
    private static async Task DoAsync(Forge forge, ClaimedTask trial)
    {
        var folder = await forge.CloneAsync(trial);
        await GitShell.RunAsync(folder, "checkout", "-q", "--detach", trial.Git!.TargetSha);
        var head = await forge.CommitAndPushAsync(trial, folder, "result.txt", trial.Role!.Instructions.Contains(Advice, StringComparison.Ordinal) ? "good" : "bad");
        await forge.Plane.PostAsync<AssignmentInfo>(Routes.With(Routes.AssignmentComplete, trial.Assignment.Id), new CompleteAssignment { HeadSha = head, Summary = "did it", Lesson = "Nobody learns this." }, trial.Lease);
    }

    private static async Task<ClaimedTask> RecordAsync(Forge forge, string title, string file)
    {
        await BeatAsync(forge);
        await forge.Plane.TaskAsync(new CreateTask { Project = "FLT", Title = title, Role = Role });
        var task = Assert.Single(await forge.Plane.ClaimAsync("ada"));
        await forge.HandInAsync(task, file, "good");
        await forge.UntilStatusAsync(task.Task.Key, TaskState.Done);
        return task;
    }

    private static Task<HeartbeatAnswer> BeatAsync(Forge forge, params string[] leases) =>
        forge.Plane.PostAsync<HeartbeatAnswer>(Routes.AgentHeartbeat, new HeartbeatRequest { Agent = "ada", Role = Role, Capacity = 10, Leases = leases });

    private static async Task<PullInfo> ProposeAsync(Forge forge)
    {
        var now = await forge.Plane.GetAsync<RoleInfo>(Routes.With(Routes.Role, Role));
        return await forge.Plane.PostAsync<PullInfo>(Routes.With(Routes.RoleProposals, Role), new ProposeRole { Text = $"{now.Text}\n{Advice}\n", Why = "Work was bad." });
    }
}
