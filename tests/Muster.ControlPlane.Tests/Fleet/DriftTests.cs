using Dapper;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Fleet;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Fleet.Drifting;

namespace Muster.ControlPlane.Tests.Fleet;

/// <summary>An agent that runs the wrong model or settings is found, shown and corrected, between two tasks and not for ever (D11).</summary>
[Trait("req", "D11")]
public sealed class DriftTests
{
    private static readonly DriftItem[] Wrong = [new(DriftKinds.Model, "fast", "smart")];

    [Fact]
    public async Task The_wrong_model_is_told_once_shown_everywhere_and_over_once_it_is_right()
    {
        await using var plane = await TestPlane.StartAsync();
        var agent = await SupervisedAsync(plane, "fast");
        var right = new AgentRuns { Process = "p1", Model = "fast", Version = "1.0", Settings = AgentSettings.Hash(agent) };
        Assert.DoesNotContain((await BeatAsync(plane, right)).Commands, c => c.Kind == CommandKinds.Restart);

        var drifting = await BeatAsync(plane, right with { Model = "smart" });
        Assert.Equal(CommandKinds.Restart, Assert.Single(drifting.Commands).Kind);
        var shown = (await plane.GetAsync<AgentInfo>(Routes.With(Routes.Agent, "ada"))).Drift;
        Assert.Equal(new DriftItem(DriftKinds.Model, "fast", "smart"), Assert.Single(shown!.Items));
        Assert.True(shown.Restarting);
        // The report does not declare: a program cannot make itself right.
        Assert.Equal("fast", (await plane.GetAsync<AgentInfo>(Routes.With(Routes.Agent, "ada"))).Model);

        // Nothing new: nothing is written, and the agent is still told.
        await BeatAsync(plane, null);
        var written = await UpdatedAsync(plane);
        plane.Clock.Advance(TimeSpan.FromSeconds(5));
        for (var i = 0; i < 3; i++) Assert.Equal(CommandKinds.Restart, Assert.Single((await BeatAsync(plane, null)).Commands).Kind);
        Assert.Equal(written, await UpdatedAsync(plane));

        Assert.Empty((await BeatAsync(plane, right with { Process = "p2" })).Commands);
        Assert.Null((await plane.GetAsync<AgentInfo>(Routes.With(Routes.Agent, "ada"))).Drift);
        var told = (await plane.GetAsync<Page<EventInfo>>($"{Routes.Events}?types={EventTypes.AgentDrifted},{EventTypes.AgentDriftEnded}")).Items;
        Assert.Equal([EventTypes.AgentDrifted, EventTypes.AgentDriftEnded], told.OrderBy(e => e.Seq).Select(e => e.Type));
        Assert.Contains("model is smart, fast is declared; it is started anew between two tasks", told.First(e => e.Type == EventTypes.AgentDrifted).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_person_declares_anew_makes_a_drift_without_a_word_of_the_agent_and_restarts_end_after_three()
    {
        await using var plane = await TestPlane.StartAsync();
        var agent = await SupervisedAsync(plane, "fast");
        var runs = new AgentRuns { Process = "p0", Model = "fast", Version = "1.0", Settings = AgentSettings.Hash(agent) };
        await BeatAsync(plane, runs);
        await plane.PatchAsync<AgentInfo>(Routes.With(Routes.Agent, "ada"), new UpdateAgent { Definition = agent.Definition! with { TimeoutSeconds = 77 } });

        Assert.Single((await BeatAsync(plane, null)).Commands);
        Assert.Equal(DriftKinds.Settings, Assert.Single((await plane.GetAsync<AgentInfo>(Routes.With(Routes.Agent, "ada"))).Drift!.Items).What);
        // A program that comes back as it was: started anew three times, then left alone.
        List<int> commands = [];
        for (var i = 1; i <= 5; i++) commands.Add((await BeatAsync(plane, runs with { Process = $"p{i}" })).Commands.Count);
        Assert.Equal([1, 1, 0, 0, 0], commands);
        Assert.False((await plane.GetAsync<AgentInfo>(Routes.With(Routes.Agent, "ada"))).Drift!.Restarting);
        Assert.Contains("did not cure it", (await plane.GetAsync<Page<EventInfo>>($"{Routes.Events}?types={EventTypes.AgentDrifted}&last=1")).Items[^1].Text, StringComparison.Ordinal);

        // Declared otherwise once more, it is worth another try.
        await plane.PatchAsync<AgentInfo>(Routes.With(Routes.Agent, "ada"), new UpdateAgent { Definition = agent.Definition! with { TimeoutSeconds = 78 } });
        Assert.Single((await BeatAsync(plane, null)).Commands);
    }

    [Fact]
    public async Task A_role_that_changes_under_an_agents_hands_is_told_and_nothing_is_restarted_for_it()
    {
        await using var plane = await TestPlane.StartAsync();
        var agent = await SupervisedAsync(plane, "fast");
        var answer = await BeatAsync(plane, new AgentRuns { Process = "p", Model = "fast", Version = "1.0", Settings = AgentSettings.Hash(agent), Role = "qa-testing", RoleHash = new string('0', 64) });

        Assert.Empty(answer.Commands);
        var drift = (await plane.GetAsync<AgentInfo>(Routes.With(Routes.Agent, "ada"))).Drift!;
        Assert.Equal((DriftKinds.Role, false), (Assert.Single(drift.Items).What, drift.Restarting));
    }

    [Fact]
    public async Task A_plane_that_does_not_know_asks_and_a_program_of_ones_own_is_never_restarted()
    {
        await using var plane = await TestPlane.StartAsync();
        Assert.True((await BeatAsync(plane, null)).AskRuns);
        await plane.PatchAsync<AgentInfo>(Routes.With(Routes.Agent, "ada"), new UpdateAgent { Model = "fast" });
        var answer = await BeatAsync(plane, new AgentRuns { Process = "p", Model = "other" });
        Assert.Empty(answer.Commands);
        Assert.False(answer.AskRuns);
        Assert.Equal("other", Assert.Single((await plane.GetAsync<AgentInfo>(Routes.With(Routes.Agent, "ada"))).Drift!.Items).Runs);
        Assert.Equal(ProblemCodes.Invalid, (await plane.RefusedAsync(HttpMethod.Post, Routes.AgentHeartbeat, new HeartbeatRequest { Agent = "ada", Runs = new AgentRuns { Model = new string('x', 5000) } })).Code);
    }

    [Fact]
    public void One_that_a_restart_cures_for_a_minute_does_not_go_on_for_ever()
    {
        const long minute = 60_000;
        DriftState? state = null;
        var restarts = 0;
        var row = new AgentRow { Definition = """{"executor":"builtin"}""", HostId = "h" };
        for (var i = 0; i < 20; i++)
        {
            state = Drift.Judge(state, Wrong, new AgentRuns { Process = $"p{i}" }, "fast", i * 2 * minute);
            if (Drift.CallsForRestart(state, row, DriftPolicies.Restart)) restarts++;
            state = Drift.Judge(state, [], new AgentRuns { Process = $"p{i + 1}" }, "fast", (i * 2 + 1) * minute);
        }

        Assert.InRange(restarts, 2, Drift.MostRestarts);
        Assert.Null(Drift.Judge(state, [], null, "fast", 200 * minute));
        Assert.False(Drift.CallsForRestart(Drift.Judge(null, Wrong, null, "fast", 0), row, DriftPolicies.Tell));
    }

    private static async Task<AgentInfo> SupervisedAsync(TestPlane plane, string model)
    {
        await plane.PostAsync<HostHeartbeatAnswer>(Routes.HostHeartbeat, new HostHeartbeatRequest { Host = "home", Version = "1.0" });
        return await plane.PostAsync<AgentInfo>(Routes.Agents, new CreateAgent { Name = "ada", Host = "home", Model = model, Labels = ["a"], Definition = new AgentDefinition { Executor = Executors.Builtin } });
    }

    private static Task<HeartbeatAnswer> BeatAsync(TestPlane plane, AgentRuns? runs) =>
        plane.PostAsync<HeartbeatAnswer>(Routes.AgentHeartbeat, new HeartbeatRequest { Agent = "ada", Model = runs?.Model, Version = runs?.Version, Runs = runs });

    private static Task<long> UpdatedAsync(TestPlane plane) => plane.Store.ReadAsync(c => c.QuerySingleAsync<long>("SELECT updated_at FROM agents WHERE name = 'ada'"), default);
}
