using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.Contracts.Events;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;

namespace Muster.ControlPlane.Tests.Delivery;

/// <summary>From a push to a deployment, with real git over real HTTP (A12, C6).</summary>
[Trait("req", "A12")]
public sealed class FlowTests
{
    [Fact]
    public async Task A_change_is_proven_merged_with_trailers_and_given_back_to_the_persons_repository()
    {
        await using var forge = await Forge.StartAsync(project: p => p with { PushBack = true });
        var task = await forge.ClaimAsync("ada");
        var head = await forge.HandInAsync(task, "src/a.txt", "one\n");
        var done = await forge.UntilStatusAsync(task.Task.Key, TaskState.Done);

        Assert.Equal(1, done.PullRequest);
        var pull = await forge.PullAsync("FLT!1");
        Assert.Equal((PullState.Merged, head, 1), (pull.State, pull.HeadSha, pull.FilesChanged));
        var message = await forge.MirrorAsync("log", "-1", "--format=%B", "main");
        Assert.Contains($"Muster-Task: {task.Task.Key}\nMuster-Assignment: {task.Assignment.Id}\nMuster-Agent: ada", message);
        Assert.Equal("ada <ada@muster.invalid>", await forge.MirrorAsync("log", "-1", "--format=%an <%ae>", "main"));
        var evidence = await forge.Plane.GetAsync<EvidenceInfo[]>(Routes.With(Routes.TaskEvidence, task.Task.Key));
        Assert.Contains(evidence, e => e is { Kind: "commit", Verified: true, VerifiedBy: "git" });
        Assert.Contains(evidence, e => e is { Kind: "test", Outcome: "pass", VerifiedBy: "check:test" } && e.Sha == head);
        Assert.Contains(evidence, e => e is { Kind: "pr", Outcome: "merged", VerifiedBy: "merge-queue" } && e.Sha == pull.MergeSha);

        // The person's working copy follows, since nothing in it was uncommitted.
        await forge.UntilAsync(() => GitShell.RunAsync(forge.Origin, "rev-parse", "main"), sha => sha == pull.MergeSha);
        Assert.True(File.Exists(Path.Combine(forge.Origin, "src/a.txt")));
        var branches = await forge.Plane.GetAsync<BranchInfo[]>(Routes.Branches + "?project=FLT");
        Assert.Contains(branches, b => b is { Kind: "agent", Agent: "ada", TaskKey: "FLT-1", Merged: true });
        var diff = await forge.Plane.GetAsync<DiffText>(Routes.With(Routes.PullDiff, "FLT-1"));
        Assert.Contains("+one", diff.Diff);
    }

    [Fact]
    public async Task A_red_check_sends_the_task_back_with_the_end_of_its_output_and_the_mended_one_goes_through()
    {
        await using var forge = await Forge.StartAsync();
        var red = "";
        forge.Answer = job => Task.FromResult<JobReport?>(job.Job.Sha == red
            ? new JobReport { Outcome = JobState.Failed, ExitCode = 3, Detail = "Expected 2 but was 3" }
            : new JobReport { Outcome = JobState.Passed });
        var task = await forge.ClaimAsync("ada");
        red = await forge.WorkAsync(task, "a.txt", "wrong\n");
        await forge.CompleteAsync(task, red);
        var back = await forge.UntilAsync(() => forge.Plane.ReadTaskAsync(task.Task.Key), t => t.Status == TaskState.Pending);
        Assert.Contains("Check 'test' failed", back.LastReason);
        Assert.Contains("Expected 2 but was 3", back.LastReason);
        Assert.Equal(PullState.ChangesRequested, (await forge.PullAsync("FLT!1")).State);

        await forge.Plane.PassAsync(TimeSpan.FromMinutes(6));
        var again = Assert.Single(await forge.Plane.ClaimAsync("ada"));
        Assert.Equal(("check_failed", true, red), (again.Previous!.Outcome, again.Previous.Continue, again.Previous.HeadSha));
        await forge.HandInAsync(again, "a.txt", "right\n");
        await forge.UntilStatusAsync(task.Task.Key, TaskState.Done);
        Assert.Equal(PullState.Merged, (await forge.PullAsync("FLT!1")).State);
    }

    [Fact]
    public async Task Changes_that_a_person_asks_for_reach_the_next_attempt_and_an_approval_counts_for_its_head_only()
    {
        await using var forge = await Forge.StartAsync();
        var task = await forge.ClaimAsync("ada", needsApproval: true);
        await forge.HandInAsync(task, "a.txt", "one\n");
        await forge.UntilEventAsync(EventTypes.PullApprovalNeeded);
        var pull = await forge.PullAsync("FLT!1");
        Assert.True(pull is { NeedsApproval: true, Approved: false, State: PullState.Open });
        Assert.Contains("the task asks for it", pull.ApprovalReason);

        await forge.ReviewAsync(pull, Verdicts.RequestChanges, "Please say two.");
        await forge.Plane.BeatAsync("ada");
        var again = Assert.Single(await forge.Plane.ClaimAsync("ada"));
        Assert.Equal("changes_requested", again.Previous!.Outcome);
        Assert.Contains(again.Previous.Comments!, c => c.Text == "Please say two.");
        var head = await forge.HandInAsync(again, "a.txt", "two\n");
        await forge.UntilAsync(() => forge.PullAsync("FLT!1"), p => p is { NeedsApproval: true, State: PullState.Open } && p.HeadSha == head);

        var old = await forge.Plane.RefusedAsync(HttpMethod.Post, Routes.With(Routes.PullReviews, pull.Id), new CreateReview { Verdict = Verdicts.Approve, HeadSha = pull.HeadSha });
        Assert.Equal(ProblemCodes.HeadMoved, old.Code);
        await forge.ReviewAsync(await forge.PullAsync("FLT!1"), Verdicts.Approve);
        await forge.UntilStatusAsync(task.Task.Key, TaskState.Done);
    }

    [Fact]
    public async Task A_change_to_what_steers_checks_waits_for_a_person_and_is_not_tested_by_its_own_rules()
    {
        await using var forge = await Forge.StartAsync();
        var commands = new List<string>();
        forge.Answer = job =>
        {
            lock (commands) commands.Add(job.Job.Check!.Command);
            return Task.FromResult<JobReport?>(new JobReport { Outcome = JobState.Passed });
        };
        var task = await forge.ClaimAsync("ada");
        await forge.HandInAsync(task, "muster.yaml", "checks:\n  - name: test\n    command: \"true\"\n");
        await forge.UntilEventAsync(EventTypes.PullApprovalNeeded);
        var pull = await forge.PullAsync("FLT!1");
        Assert.Contains("muster.yaml", pull.ApprovalReason);
        await forge.ReviewAsync(pull, Verdicts.Approve);
        await forge.UntilStatusAsync(task.Task.Key, TaskState.Done);
        Assert.All(commands, c => Assert.Equal("sh test.sh", c));
    }

    [Fact]
    public async Task Broken_rules_in_the_target_hold_pull_requests_and_say_where()
    {
        await using var forge = await Forge.StartAsync();
        await File.WriteAllTextAsync(Path.Combine(forge.Origin, "muster.yaml"), "checks:\n  - nam: test\n    command: x\n");
        await GitShell.RunAsync(forge.Origin, "commit", "-q", "-a", "-m", "Break the rules");
        using (var broken = await forge.Plane.RawAsync(HttpMethod.Post, Routes.With(Routes.ProjectSync, "FLT"))) broken.EnsureSuccessStatusCode();
        var task = await forge.ClaimAsync("ada");
        await forge.HandInAsync(task, "a.txt", "one\n");
        var said = await forge.UntilEventAsync(EventTypes.ProjectRulesBroken);
        Assert.Contains("muster.yaml:2", said.Text);
        Assert.Equal(TaskState.Review, (await forge.Plane.ReadTaskAsync(task.Task.Key)).Status);

        // Mended by the person in their own repository and taken in.
        await File.WriteAllTextAsync(Path.Combine(forge.Origin, "muster.yaml"), Forge.Rules);
        await GitShell.RunAsync(forge.Origin, "commit", "-q", "-a", "-m", "Mend the rules");
        using (var synced = await forge.Plane.RawAsync(HttpMethod.Post, Routes.With(Routes.ProjectSync, "FLT"))) synced.EnsureSuccessStatusCode();
        await forge.UntilStatusAsync(task.Task.Key, TaskState.Done);
    }

    [Fact]
    public async Task A_repository_whose_rules_are_broken_is_not_taken_in_and_leaves_nothing()
    {
        await using var forge = await Forge.StartAsync();
        await File.WriteAllTextAsync(Path.Combine(forge.Origin, "muster.yaml"), "checks:\n  - nam: test\n    command: x\n");
        await GitShell.RunAsync(forge.Origin, "commit", "-q", "-a", "-m", "Break the rules");
        var problem = await forge.Plane.RefusedAsync(HttpMethod.Post, Routes.Projects, new CreateProject { Name = "again", Key = "TWO", Repository = forge.Origin });
        Assert.Equal((400, ProblemCodes.Invalid), (problem.Status, problem.Code));
        Assert.Contains("muster.yaml:2", problem.Detail);
        Assert.Single(Directory.GetDirectories(Path.Combine(forge.Data, "projects")));
    }

    [Fact]
    public async Task Work_that_is_no_change_or_was_never_pushed_is_sent_back()
    {
        await using var forge = await Forge.StartAsync();
        var empty = await forge.ClaimAsync("ada", "Nothing");
        var folder = await forge.CloneAsync(empty);
        await GitShell.RunAsync(folder, "commit", "-q", "--allow-empty", "-m", "Nothing");
        await GitShell.RunAsync(folder, empty.Lease, ["push", "-q", forge.Remote(empty), $"HEAD:refs/heads/{empty.Git!.Branch}"]);
        await forge.CompleteAsync(empty, await GitShell.RunAsync(folder, "rev-parse", "HEAD"));
        Assert.Contains("no change", (await forge.UntilAsync(() => forge.Plane.ReadTaskAsync("FLT-1"), t => t.Status == TaskState.Pending)).LastReason);

        var unpushed = await forge.ClaimAsync("bob", "Lost");
        await forge.CompleteAsync(unpushed, new string('a', 40));
        Assert.Contains("never pushed", (await forge.UntilAsync(() => forge.Plane.ReadTaskAsync(unpushed.Task.Key), t => t.Status == TaskState.Pending)).LastReason);
    }

    [Fact]
    public async Task A_merge_is_deployed_and_done_once_its_health_check_holds()
    {
        await using var forge = await Forge.StartAsync(project: p => p with { DeployTo = "dev", Contract = "commit + test(pass) + pr(merged) + deployment(healthy)" });
        forge.Answer = job => Task.FromResult<JobReport?>(job.Job.Kind == JobKinds.Deploy
            ? new JobReport { Outcome = JobState.Passed, Url = "http://127.0.0.1:5080", HealthStatus = 200, HealthBody = "{\"status\":\"ok\"}" }
            : new JobReport { Outcome = JobState.Passed });
        var task = await forge.ClaimAsync("ada");
        await forge.HandInAsync(task, "a.txt", "one\n");
        await forge.UntilStatusAsync(task.Task.Key, TaskState.Done);
        var deployment = Assert.Single((await forge.Plane.GetAsync<Page<DeploymentInfo>>(Routes.Deployments)).Items);
        Assert.Equal((DeploymentState.Healthy, 200, "host-1"), (deployment.State, deployment.HealthStatus, deployment.Host));
        var beat = await forge.Plane.PostAsync<HostHeartbeatAnswer>(Routes.HostHeartbeat, new HostHeartbeatRequest { Host = "host-1" });
        Assert.Equal(deployment.Id, Assert.Single(beat.Deployments).Id);

        // One that does not become healthy leaves the one before it in place.
        forge.Answer = _ => Task.FromResult<JobReport?>(new JobReport { Outcome = JobState.Failed, Detail = "503" });
        var second = await forge.Plane.PostAsync<DeploymentInfo>(Routes.Deployments, new CreateDeployment { Project = "FLT", Environment = "dev" });
        await forge.UntilAsync(() => forge.Plane.GetAsync<DeploymentInfo>(Routes.With(Routes.Deployment, second.Id)), d => d.State == DeploymentState.RolledBack);
        Assert.Equal(DeploymentState.Healthy, (await forge.Plane.GetAsync<DeploymentInfo>(Routes.With(Routes.Deployment, deployment.Id))).State);
    }

    [Fact]
    public async Task A_deployment_that_its_host_has_given_up_is_no_longer_called_healthy()
    {
        await using var forge = await Forge.StartAsync(host: false);
        var host = (await forge.Plane.PostAsync<HostHeartbeatAnswer>(Routes.HostHeartbeat, new HostHeartbeatRequest { Host = "host-1" })).HostId;
        var made = await forge.Plane.PostAsync<DeploymentInfo>(Routes.Deployments, new CreateDeployment { Project = "FLT", Environment = "dev" });
        var job = await JobAsync(forge);
        await forge.Plane.PostAsync<JobInfo>(Routes.With(Routes.JobReport, job.Job.Id), new JobReport { Outcome = JobState.Passed, Url = "http://127.0.0.1:5080", HealthStatus = 200 }, job.Lease);
        var failed = new FailedDeployment { DeploymentId = made.Id, Reason = "It died too often." };

        // Another host has no say in it.
        await forge.Plane.PostAsync<HostHeartbeatAnswer>(Routes.HostHeartbeat, new HostHeartbeatRequest { Host = "host-2", Failed = [failed] });
        Assert.Equal(DeploymentState.Healthy, (await forge.Plane.GetAsync<DeploymentInfo>(Routes.With(Routes.Deployment, made.Id))).State);

        for (var twice = 0; twice < 2; twice++)
            Assert.Empty((await forge.Plane.PostAsync<HostHeartbeatAnswer>(Routes.HostHeartbeat, new HostHeartbeatRequest { Host = "host-1", Failed = [failed] })).Deployments);
        var now = await forge.Plane.GetAsync<DeploymentInfo>(Routes.With(Routes.Deployment, made.Id));
        Assert.Equal((DeploymentState.Failed, "It died too often."), (now.State, now.Detail));
        Assert.Single(forge.Events(), e => e.Type == EventTypes.DeploymentFailed && e.Text.Contains("serves no longer", StringComparison.Ordinal));
        Assert.NotEmpty(host);
    }

    [Fact]
    public async Task An_older_deployment_that_is_tried_again_never_replaces_a_newer_one()
    {
        await using var forge = await Forge.StartAsync(host: false);
        await forge.Plane.PostAsync<HostHeartbeatAnswer>(Routes.HostHeartbeat, new HostHeartbeatRequest { Host = "host-1" });
        var older = await forge.Plane.PostAsync<DeploymentInfo>(Routes.Deployments, new CreateDeployment { Project = "FLT", Environment = "dev" });
        var first = await JobAsync(forge);
        var newer = await forge.Plane.PostAsync<DeploymentInfo>(Routes.Deployments, new CreateDeployment { Project = "FLT", Environment = "dev" });
        // It could not be carried out, and would be tried again.
        await forge.Plane.PostAsync<JobInfo>(Routes.With(Routes.JobReport, first.Job.Id), new JobReport { Outcome = JobState.Error, Detail = "no git" }, first.Lease);
        var second = await JobAsync(forge);
        Assert.Equal(newer.Id, second.Job.DeploymentId);
        await forge.Plane.PostAsync<JobInfo>(Routes.With(Routes.JobReport, second.Job.Id), new JobReport { Outcome = JobState.Passed, Url = "http://127.0.0.1:5080", HealthStatus = 200 }, second.Lease);
        Assert.Empty((await forge.Plane.PostAsync<JobClaimAnswer>(Routes.JobsClaim, new JobClaimRequest { Host = "host-1", Max = 4, WaitSeconds = 0 })).Jobs);
        Assert.Equal(DeploymentState.Superseded, (await forge.Plane.GetAsync<DeploymentInfo>(Routes.With(Routes.Deployment, older.Id))).State);
        Assert.Equal(DeploymentState.Healthy, (await forge.Plane.GetAsync<DeploymentInfo>(Routes.With(Routes.Deployment, newer.Id))).State);
    }

    [Fact]
    public async Task A_merge_that_brings_its_own_environment_is_deployed_by_it()
    {
        await using var forge = await Forge.StartAsync(rules: "checks:\n  - name: test\n    command: sh test.sh\n", project: p => p with { DeployTo = "dev" });
        forge.Answer = job => Task.FromResult<JobReport?>(job.Job.Kind == JobKinds.Deploy
            ? new JobReport { Outcome = JobState.Passed, Url = "http://127.0.0.1:5080", HealthStatus = 200 }
            : new JobReport { Outcome = JobState.Passed });
        var task = await forge.ClaimAsync("ada");
        await forge.HandInAsync(task, "muster.yaml", Forge.Rules);
        var pull = Assert.Single((await forge.UntilAsync(() => forge.Plane.GetAsync<Page<PullInfo>>(Routes.Pulls), p => p.Items is [{ NeedsApproval: true }])).Items);
        await forge.ReviewAsync(pull, "approve");
        var deployments = await forge.UntilAsync(() => forge.Plane.GetAsync<Page<DeploymentInfo>>(Routes.Deployments), d => d.Items is [{ State: DeploymentState.Healthy }]);
        Assert.Equal("./run --port $PORT", deployments.Items[0].Definition.Command);
        Assert.DoesNotContain(forge.Events(), e => e.Type == EventTypes.DeploymentFailed);
    }

    [Fact]
    public async Task What_the_person_merges_by_hand_is_merged_and_not_done_again()
    {
        await using var forge = await Forge.StartAsync(project: p => p with { Review = ReviewPolicies.Person });
        var task = await forge.ClaimAsync("ada");
        var head = await forge.HandInAsync(task, "a.txt", "one\n");
        var pull = Assert.Single((await forge.UntilAsync(() => forge.Plane.GetAsync<Page<PullInfo>>(Routes.Pulls), p => p.Items is [{ NeedsApproval: true }])).Items);

        await GitShell.RunAsync(forge.Origin, "pull", "-q", "--ff-only", forge.Mirror, task.Git!.Branch);
        await forge.Plane.RawAsync(HttpMethod.Post, Routes.With(Routes.ProjectSync, "FLT"), new { });

        var done = await forge.UntilStatusAsync(task.Task.Key, TaskState.Done, TaskState.Pending);
        Assert.Equal((TaskState.Done, 1), (done.Status, done.Attempts));
        var merged = await forge.PullAsync(pull.Id);
        Assert.Equal((PullState.Merged, head), (merged.State, merged.MergeSha));
    }

    private static async Task<ClaimedJob> JobAsync(Forge forge) =>
        Assert.Single((await forge.Plane.PostAsync<JobClaimAnswer>(Routes.JobsClaim, new JobClaimRequest { Host = "host-1", Max = 1, WaitSeconds = 30 })).Jobs);

    [Fact]
    public async Task Sources_that_do_not_exist_are_refused_and_those_that_do_are_enough_where_nothing_else_is_asked()
    {
        await using var forge = await Forge.StartAsync(host: false);
        var task = await forge.ClaimAsync("ada", "Find out", contract: "research");
        await forge.CompleteAsync(task, null, new EvidenceClaim { Kind = "research", Reference = "notes/none.md" });
        Assert.Contains("notes/none.md", (await forge.UntilAsync(() => forge.Plane.ReadTaskAsync("FLT-1"), t => t.Status == TaskState.Pending)).LastReason);
        await forge.Plane.BeatAsync("bob");
        var again = Assert.Single(await forge.Plane.ClaimAsync("bob"));
        await forge.CompleteAsync(again, null, new EvidenceClaim { Kind = "research", Reference = "https://example.org/paper" });
        await forge.UntilStatusAsync("FLT-1", TaskState.Done);
    }
}
