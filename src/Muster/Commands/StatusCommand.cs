using System.CommandLine;
using Muster.Contracts;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;
using Muster.Terminals;

namespace Muster.Commands;

internal static class StatusCommand
{
    public static Command Create() => new Command("status", "How everything stands, in a screen").Does(RunAsync);

    private static async Task RunAsync(Call call)
    {
        var summary = await call.Muster.GetProgressSummaryAsync(call.Stop);
        var agents = await call.AllAsync(cursor => call.Muster.ListAgentsAsync(cursor: cursor, ct: call.Stop));
        var hosts = await call.AllAsync(cursor => call.Muster.ListHostsAsync(cursor, ct: call.Stop));
        var pulls = await call.AllAsync(cursor => call.Muster.ListPullsAsync(state: Contracts.Delivery.PullState.Open, cursor: cursor, ct: call.Stop), 200);
        var planes = (await call.Muster.ListPlanesAsync(call.Stop)).Items;
        var health = await call.Muster.GetHealthAsync(call.Stop);
        var waiting = pulls.Where(ReviewCommand.WaitsForPerson).ToList();
        call.Terminal.Document(new { server = call.Server.Address, summary.Projects, agents, hosts, planes, waitingForYou = waiting, health, summary.At });

        var terminal = call.Terminal;
        terminal.Line($"Muster at {call.Server.Address}: {Words.Count(hosts.Count, "host")}, {Words.Count(agents.Count, "agent")}, {summary.AgentsWorking} at work");
        if (planes.Count > 1 || planes.All(plane => !plane.Leads)) terminal.Line(PlanesText(planes));
        terminal.Line();
        var grid = new Grid("PROJECT", "DONE", "TASKS", "READY", "AT WORK", "REVIEW", "STUCK", "HOURS", "NAME");
        foreach (var project in summary.Projects)
        {
            int Of(string state) => project.ByStatus.GetValueOrDefault(state);
            var stuck = Of(TaskState.Failed) + Of(TaskState.Quarantined);
            grid.Row(project.Project, $"{project.Percent:0}%", $"{Of(TaskState.Done)}/{project.Tasks}", project.Ready, Of(TaskState.InProgress), Of(TaskState.Review),
                new Cell($"{stuck}", stuck > 0 ? Tone.Bad : Tone.None), $"{project.HoursDone:0.#}/{project.Hours:0.#}", project.Name);
        }

        foreach (var part in health.Parts.Where(part => part.Status != "healthy")) terminal.Line($"{Plain.Line(part.Name)}: {part.Status} {Plain.Line(part.Detail)}", Tone.Warn);
        grid.WriteTo(terminal, "No projects yet. Add one: muster project add PATH");
        foreach (var agent in agents.Where(agent => agent.Desired == DesiredState.Running && agent.Health is AgentHealth.Warning or AgentHealth.Stale))
            terminal.Line($"agent {Plain.Line(agent.Name)}: {agent.Health} {Plain.Line(agent.LastError)}", Tone.Warn);
        foreach (var agent in agents.Where(agent => agent.Drift is not null)) terminal.Line($"agent {Plain.Line(agent.Name)} {AgentCommand.DriftText(agent.Drift!)}", Tone.Warn);
        foreach (var pull in waiting) terminal.Line($"{PullText.Name(pull)} waits for you: {Plain.Line(pull.Title)} (muster review show {PullText.Name(pull)})", Tone.Warn);
    }

    internal static string PlanesText(IReadOnlyList<PlaneInfo> planes) =>
        $"{Words.Count(planes.Count, "plane")}: {string.Join(", ", planes.Select(plane => $"{Plain.Line(plane.Name)}{(plane.Leads ? " (leads)" : "")}{(plane.Version is { } version && planes.Any(p => p.Version != version) ? $" {Plain.Line(version)}" : "")}"))}"
        + (planes.Any(plane => plane.Leads) ? "" : "; none leads now, which a successor mends within seconds");
}
