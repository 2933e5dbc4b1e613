using System.CommandLine;
using Muster.Contracts.Fleet;
using Muster.Terminals;

namespace Muster.Commands;

internal static class AgentCommand
{
    private static readonly Argument<string> Agent = new("agent") { Description = "Name of the agent" };

    public static Command Create() => new Command("agent", "Whatever claims tasks").With(
        AgentAdd.Create(),
        new Command("list", "Every agent and what it holds").Does(ListAsync),
        new Command("show", "One agent").With(Agent).Does(ShowAsync),
        new Command("pause", "It finishes what it holds, claims nothing new, and waits").With(Agent).Does(call => DidAsync(call, "pauses", call.Muster.PauseAgentAsync(call.Get(Agent), ct: call.Stop))),
        new Command("resume", "It claims again").With(Agent).Does(call => DidAsync(call, "goes on", call.Muster.ResumeAgentAsync(call.Get(Agent), ct: call.Stop))),
        new Command("drain", "It finishes what it holds, claims nothing new, and ends").With(Agent).Does(call => DidAsync(call, "drains", call.Muster.DrainAgentAsync(call.Get(Agent), ct: call.Stop))),
        new Command("stop", "It hands back what it holds and ends").With(Agent).Does(call => DidAsync(call, "stops", call.Muster.StopAgentAsync(call.Get(Agent), ct: call.Stop))),
        new Command("run", "The process of one agent; started by a host") { Hidden = true }.Does(AgentRun.RunAsync));

    private static async Task ListAsync(Call call)
    {
        var agents = await call.AllAsync(cursor => call.Muster.ListAgentsAsync(cursor: cursor, ct: call.Stop));
        call.Terminal.Document(agents);
        AgentGrid(agents).WriteTo(call.Terminal, "No agents. Add one: muster agent add NAME --executor command -- ./agent.sh");
    }

    internal static Grid AgentGrid(IEnumerable<AgentInfo> agents)
    {
        var grid = new Grid("AGENT", "HEALTH", "DOES", "TASKS", "ROLE", "HOST", "EXECUTOR", "LAST TROUBLE");
        foreach (var agent in agents)
        {
            var does = agent.Desired != DesiredState.Running ? agent.Desired : agent.Status ?? "";
            grid.Row(agent.Name, Cell.State(agent.Health), does, string.Join(' ', agent.Tasks), agent.Role ?? "any", agent.Host, agent.Definition?.Executor ?? "own", agent.Drift is { } drift ? DriftText(drift) : agent.LastError);
        }

        return grid;
    }

    private static async Task ShowAsync(Call call)
    {
        var agent = await call.Muster.GetAgentAsync(call.Get(Agent), call.Stop);
        var attempts = await call.Muster.ListAssignmentsAsync(agent: agent.Id, limit: 20, ct: call.Stop);
        call.Terminal.Document(new { agent, attempts = attempts.Items });
        var terminal = call.Terminal;
        terminal.Line($"{Plain.Line(agent.Name)}  {Plain.Line(agent.Role ?? "any role")}", Tone.Strong);
        terminal.Line($"health    {terminal.Paint(agent.Health, Tones.OfState(agent.Health))}, told to be {agent.Desired}, last heard of {Words.Ago(agent.LastHeartbeat)}");
        if (agent.Definition is { } how)
            terminal.Line($"executor  {how.Executor} {Plain.Line(how.Recording ?? string.Join(' ', how.Command ?? []))}{(how.Executor == Executors.Rehearsal ? " (replays a recording; no model is used)" : "")}");
        terminal.Line($"host      {Plain.Line(agent.Host ?? "none: it registers itself")}, {Words.Count(agent.Capacity, "task")} at once, restarted {Words.Count(agent.Restarts, "time")}");
        if (agent.Drift is { } drift) terminal.Line($"drift     {DriftText(drift)}, {Words.Ago(drift.Since)}", Tone.Warn);
        if (agent.LastError is { } trouble) terminal.Line($"trouble   {Plain.Line(trouble)}", Tone.Warn);
        terminal.Line();
        var grid = new Grid("TASK", "ATTEMPT", "STATE", "STARTED", "REASON OR SUMMARY");
        foreach (var attempt in attempts.Items) grid.Row(attempt.TaskKey, attempt.Epoch, Cell.State(attempt.Status), Words.Ago(attempt.StartedAt), attempt.Reason ?? attempt.Summary ?? attempt.Note);
        grid.WriteTo(terminal, "No attempts yet.");
    }

    internal static string DriftText(AgentDrift drift) =>
        $"drifts: {string.Join("; ", drift.Items.Select(item => $"{Plain.Line(item.What)} {Plain.Line(RoleCommand.Short(item.Runs))}, declared {Plain.Line(RoleCommand.Short(item.Declared))}"))}"
        + (drift.Restarting ? "; starts anew between two tasks" : drift.Restarts > 0 ? $"; {Words.Count(drift.Restarts, "restart")} did not cure it" : "");

    private static async Task DidAsync(Call call, string what, Task<AgentInfo> doing)
    {
        var agent = await doing;
        call.Terminal.Document(agent);
        call.Terminal.Line($"{Plain.Line(agent.Name)} {what}");
    }
}
