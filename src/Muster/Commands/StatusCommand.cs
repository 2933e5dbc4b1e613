using System.CommandLine;
using System.Text.Json;
using Muster.Connections;
using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;
using Muster.Terminals;

namespace Muster.Commands;

/// <summary>
/// The command that is run most often. It takes answers as they stand and makes types only of what stands out: compiling
/// the reading of them all took it longer than everything else together.
/// </summary>
internal static class StatusCommand
{
    private const int MostPulls = 200;

    public static Command Create() => new Command("status", "How everything stands, in a screen").Does(RunAsync);

    private static async Task RunAsync(Call call)
    {
        var summary = await call.ReadAsync(Routes.ProgressSummary);
        var projects = summary.Items("projects");
        var agents = await call.ReadAllAsync(Routes.Agents + "?limit=200");
        var hosts = await call.ReadAllAsync(Routes.Hosts + "?limit=200");
        var pulls = await call.ReadAllAsync($"{Routes.Pulls}?state={PullState.Open}&limit=200", MostPulls);
        var planes = await call.ReadAllAsync(Routes.Planes);
        var health = await call.ReadAsync(Routes.Health, alsoAccept: 503);
        var waiting = Array.FindAll(pulls, pull => pull.True("needsApproval") && !pull.True("approved"));
        var terminal = call.Terminal;
        terminal.Document(new { server = call.Server.Address, projects, agents, hosts, planes, waitingForYou = waiting, health, at = summary.GetProperty("at") });
        if (terminal.Json) return;

        terminal.Line($"Muster at {call.Server.Address}: {Words.Count(hosts.Length, "host")}, {Words.Count(agents.Length, "agent")}, {summary.Number("agentsWorking")} at work");
        if (planes.Length > 1 || !Array.Exists(planes, plane => plane.True("leads"))) terminal.Line(PlanesText(Array.ConvertAll(planes, plane => plane.As<PlaneInfo>())));
        terminal.Line();
        var grid = new Grid("PROJECT", "DONE", "TASKS", "READY", "AT WORK", "REVIEW", "STUCK", "HOURS", "NAME");
        foreach (var project in projects) grid.Row(RowOf(project));
        foreach (var part in health.Items("parts"))
            if (part.Text("status") != "healthy") terminal.Line($"{Plain.Line(part.Text("name"))}: {part.Text("status")} {Plain.Line(part.Text("detail"))}", Tone.Warn);
        grid.WriteTo(terminal, "No projects yet. Add one: muster project add PATH");
        foreach (var agent in agents)
            if (agent.Text("desired") == DesiredState.Running && agent.Text("health") is AgentHealth.Warning or AgentHealth.Stale)
                terminal.Line($"agent {Plain.Line(agent.Text("name"))}: {agent.Text("health")} {Plain.Line(agent.Text("lastError"))}", Tone.Warn);
        foreach (var agent in agents)
            if (agent.As<AgentInfo>("drift") is { Drift: { } drift } drifting) terminal.Line($"agent {Plain.Line(drifting.Name)} {AgentCommand.DriftText(drift)}", Tone.Warn);
        foreach (var waits in waiting)
        {
            var pull = waits.As<PullInfo>();
            terminal.Line($"{PullText.Name(pull)} waits for you: {Plain.Line(pull.Title)} (muster review show {PullText.Name(pull)})", Tone.Warn);
        }
    }

    private static Cell[] RowOf(JsonElement project)
    {
        var states = project.GetProperty("byStatus");
        var stuck = states.Number(TaskState.Failed) + states.Number(TaskState.Quarantined);
        return
        [
            project.Text("project"), $"{project.Number("percent"):0}%", $"{states.Number(TaskState.Done)}/{project.Number("tasks")}", $"{project.Number("ready")}",
            $"{states.Number(TaskState.InProgress)}", $"{states.Number(TaskState.Review)}", new Cell($"{stuck}", stuck > 0 ? Tone.Bad : Tone.None),
            $"{project.Number("hoursDone"):0.#}/{project.Number("hours"):0.#}", project.Text("name"),
        ];
    }

    internal static string PlanesText(IReadOnlyList<PlaneInfo> planes) =>
        $"{Words.Count(planes.Count, "plane")}: {string.Join(", ", planes.Select(plane => $"{Plain.Line(plane.Name)}{(plane.Leads ? " (leads)" : "")}{(plane.Version is { } version && planes.Any(p => p.Version != version) ? $" {Plain.Line(version)}" : "")}"))}"
        + (planes.Any(plane => plane.Leads) ? "" : "; none leads now, which a successor mends within seconds");
}
