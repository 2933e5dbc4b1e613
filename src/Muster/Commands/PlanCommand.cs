using System.CommandLine;
using Muster.Contracts.Work;
using Muster.Terminals;

namespace Muster.Commands;

internal static class PlanCommand
{
    public static Command Create() => new Command("plan", "Plans in Markdown").With(Import(), Show());

    private static Command Import()
    {
        var file = new Argument<string>("file") { Description = "The plan as Markdown; - reads standard input" };
        var project = new Option<string?>("--project") { Description = "Key of the project it becomes part of", HelpName = "KEY" };
        var dry = new Option<bool>("--dry-run") { Description = "Only read it and say what is in it" };
        return new Command("import", "Turn a plan into epics and tasks; what contradicts itself or is not understood is reported").With(file, project, dry).Does(async call =>
        {
            var markdown = await ReadAsync(call.Get(file), call.Stop);
            if (call.Get(dry))
            {
                var report = await call.Muster.PreviewPlanAsync(new PlanRequest { Markdown = markdown, Project = call.Get(project) }, ct: call.Stop);
                call.Terminal.Document(report);
                PlanReportText.Write(call.Terminal, report, withIssues: true);
                return report.Errors.Count == 0 ? ExitCodes.Done : ExitCodes.Failed;
            }

            if (call.Get(project) is not { } key)
                throw new CommandException("Name the project that the plan becomes part of.", "muster plan import FILE --project KEY (or --dry-run to only read it)") { Code = ExitCodes.BadUsage };
            var imported = await call.Muster.ImportPlanAsync(new PlanRequest { Markdown = markdown, Project = key }, ct: call.Stop);
            call.Terminal.Document(imported);
            PlanReportText.Write(call.Terminal, imported.Report, withIssues: false);
            call.Terminal.Line($"{Words.Count(imported.EpicsCreated, "epic")} and {Words.Count(imported.TasksCreated, "task")} added to {key}{(imported.TasksKept > 0 ? $", {imported.TasksKept} there already and left as they are" : "")}", Tone.Good);
            return ExitCodes.Done;
        });
    }

    private static Command Show()
    {
        var project = new Argument<string>("project") { Description = "Key of a project" };
        return new Command("show", "The plan of a project: epics, tasks, progress").With(project).Does(async call =>
        {
            var plan = await call.Muster.GetPlanAsync(call.Get(project), call.Stop);
            var tasks = await call.AllAsync(cursor => call.Muster.ListTasksAsync(project: plan.ProjectId, cursor: cursor, ct: call.Stop));
            call.Terminal.Document(new { progress = plan, tasks });
            var terminal = call.Terminal;
            terminal.Line($"{plan.Project}  {Plain.Line(plan.Name)}  {plan.Percent:0.#}% of {plan.Hours:0.#} h{(plan.Velocity is { } v ? $", {v:0.#}x" : "")}{(plan.Eta is { } eta ? $", done about {eta.ToLocalTime():yyyy-MM-dd HH:mm}" : "")}", Tone.Strong);
            foreach (var epic in plan.Epics)
            {
                terminal.Line();
                terminal.Line($"Epic {epic.Number}: {Plain.Line(epic.Title)}  {epic.Percent:0}%{(epic.GateOpen ? "" : "  (gate shut)")}");
                TaskCommand.TaskGrid(tasks.Where(task => task.Epic == epic.Number).OrderBy(task => task.IssueNumber, IssueOrder)).WriteTo(terminal, "no tasks");
            }
        });
    }

    // 1.10 comes after 1.9.
    private static readonly IComparer<string?> IssueOrder = Comparer<string?>.Create((one, other) =>
    {
        var (left, right) = ((one ?? "").Split('.'), (other ?? "").Split('.'));
        for (var part = 0; part < Math.Min(left.Length, right.Length); part++)
        {
            var order = int.TryParse(left[part], out var a) && int.TryParse(right[part], out var b) ? a.CompareTo(b) : string.CompareOrdinal(left[part], right[part]);
            if (order != 0) return order;
        }

        return left.Length.CompareTo(right.Length);
    });

    private static async Task<string> ReadAsync(string file, CancellationToken stop)
    {
        if (file == "-") return await Console.In.ReadToEndAsync(stop);
        if (!File.Exists(file)) throw new CommandException($"There is no file {file}.", "Name a Markdown file, or - to read standard input.");
        return await File.ReadAllTextAsync(file, stop);
    }
}
