using System.CommandLine;
using Muster.Contracts.Work;
using Muster.Terminals;

namespace Muster.Commands;

internal static class ProjectCommand
{
    private static readonly Argument<string> Project = new("project") { Description = "Key or name of the project" };

    public static Command Create() => new Command("project", "Repositories and their rules").With(
        Add(),
        new Command("list", "Every project").Does(ListAsync),
        new Command("show", "One project: rules, epics, progress").With(Project).Does(ShowAsync),
        Set(),
        new Command("pause", "No task of it is handed out until it is resumed").With(Project).Does(call => DidAsync(call, "paused", call.Muster.PauseProjectAsync(call.Get(Project), ct: call.Stop))),
        new Command("resume", "Hand its tasks out again").With(Project).Does(call => DidAsync(call, "resumed", call.Muster.ResumeProjectAsync(call.Get(Project), ct: call.Stop))),
        new Command("sync", "Fetch what is new in the person's own repository").With(Project).Does(call => DidAsync(call, "synced", call.Muster.SyncProjectAsync(call.Get(Project), ct: call.Stop))));

    private static Command Add()
    {
        var repository = new Argument<string?>("repository") { Description = "Path or URL of its git repository; none for a project without one", Arity = ArgumentArity.ZeroOrOne };
        var key = new Option<string?>("--key") { Description = "First part of its tasks' keys, such as FLT; made from the name when left out" };
        var name = new Option<string?>("--name") { Description = "Its name; the repository's when left out" };
        var target = new Option<string?>("--target") { Description = "Branch that work is merged into; the repository's own when left out", HelpName = "BRANCH" };
        var rules = new RuleOptions();
        return new Command("add", "Add a project").With([repository, key, name, target, .. rules.All]).Does(async call =>
        {
            var where = LocalPath(call.Get(repository));
            var named = call.Get(name) ?? (where is null ? null : Path.GetFileNameWithoutExtension(where.TrimEnd('/')));
            if (named is not { Length: > 0 }) throw new CommandException("A project needs a name or a repository.", "muster project add PATH, or muster project add --name NAME") { Code = ExitCodes.BadUsage };
            var project = await call.Muster.CreateProjectAsync(new CreateProject
            {
                Key = call.Get(key),
                Name = named,
                Repository = where,
                TargetBranch = call.Get(target),
                LeaseSeconds = call.Get(rules.Lease),
                MaxFailures = call.Get(rules.MaxFailures),
                Contract = call.Get(rules.Contract),
                Review = call.Get(rules.Review),
                PushBack = call.Get(rules.PushBack),
                DeployTo = call.Get(rules.DeployTo),
                EpicBranches = call.Get(rules.EpicBranches),
                Approval = call.Get(rules.Approval),
            }, ct: call.Stop);
            call.Terminal.Document(project);
            call.Terminal.Line($"{project.Key} added: {project.Name}{(project.Repository is null ? "" : $", {project.Repository}, target {project.TargetBranch}")}");
            call.Terminal.Line($"Next: muster plan import PLAN.md --project {project.Key}, or muster task add --project {project.Key} \"TITLE\"");
        });
    }

    private static Command Set()
    {
        var name = new Option<string?>("--name") { Description = "Its name" };
        var rules = new RuleOptions();
        return new Command("set", "Change the rules that are named").With([Project, name, .. rules.All]).Does(call => DidAsync(call, "changed", call.Muster.UpdateProjectAsync(call.Get(Project), new UpdateProject
        {
            Name = call.Get(name),
            LeaseSeconds = call.Get(rules.Lease),
            MaxFailures = call.Get(rules.MaxFailures),
            Contract = call.Get(rules.Contract),
            Review = call.Get(rules.Review),
            PushBack = call.Get(rules.PushBack),
            DeployTo = call.Get(rules.DeployTo),
            EpicBranches = call.Get(rules.EpicBranches),
            Approval = call.Get(rules.Approval),
        }, ct: call.Stop)));
    }

    private static async Task ListAsync(Call call)
    {
        var projects = await call.AllAsync(cursor => call.Muster.ListProjectsAsync(cursor, ct: call.Stop));
        call.Terminal.Document(projects);
        var grid = new Grid("KEY", "NAME", "TARGET", "REVIEW", "", "REPOSITORY");
        foreach (var project in projects)
            grid.Row(project.Key, project.Name, project.TargetBranch, project.Review, new Cell(project.Paused ? "paused" : "", Tone.Warn), project.Repository);
        grid.WriteTo(call.Terminal, "No projects yet. Add one: muster project add PATH");
    }

    private static async Task ShowAsync(Call call)
    {
        var project = await call.Muster.GetProjectAsync(call.Get(Project), call.Stop);
        var plan = await call.Muster.GetPlanAsync(project.Id, call.Stop);
        call.Terminal.Document(new { project, progress = plan });
        var terminal = call.Terminal;
        terminal.Line($"{project.Key}  {Plain.Line(project.Name)}{(project.Paused ? "  (paused)" : "")}", Tone.Strong);
        terminal.Line($"repository  {Plain.Line(project.Repository ?? "none")}{(project.PushBack ? ", merged work is pushed back" : "")}");
        terminal.Line($"target      {Plain.Line(project.TargetBranch)}{(project.EpicBranches ? ", epics in branches of their own until they are done" : "")}");
        terminal.Line($"done means  {(project.Contract.Length == 0 ? "the agent says so" : project.Contract)}; review {project.Review}");
        if (project.Approval == Contracts.Conversations.PlanApprovals.Auto) terminal.Line("plans       begun at once, without asking");
        terminal.Line($"lease       {project.LeaseSeconds} s; quarantined after {Words.Count(project.MaxFailures, "failure")}{(project.DeployTo is { } to ? $"; every merge goes to {to}" : "")}");
        terminal.Line($"progress    {plan.Percent:0.#}% of {plan.Hours:0.#} h, {Words.Count(plan.Tasks, "task")}, {plan.Ready} ready");
        terminal.Line();
        EpicGrid(plan).WriteTo(terminal, $"No epics. Import a plan: muster plan import PLAN.md --project {project.Key}");
    }

    internal static Grid EpicGrid(Contracts.Progress.ProjectProgress plan)
    {
        var grid = new Grid("EPIC", "DONE", "TASKS", "HOURS", "GATE", "TITLE");
        foreach (var epic in plan.Epics)
        {
            var gate = epic.Gate is not { } wanted ? "" : $"{(epic.GateOpen ? "open" : "shut")}: epic {string.Join(", ", wanted.Epics)} at {wanted.Percent}%";
            grid.Row(epic.Number, $"{epic.Percent:0}%", $"{epic.TasksDone}/{epic.Tasks}", $"{epic.HoursDone:0.#}/{epic.Hours:0.#}", new Cell(gate, epic.GateOpen ? Tone.None : Tone.Warn), epic.Title);
        }

        return grid;
    }

    private static async Task DidAsync(Call call, string what, Task<ProjectInfo> doing)
    {
        var project = await doing;
        call.Terminal.Document(project);
        call.Terminal.Line($"{project.Key} {what}");
    }

    // The plane may have been started in another folder than the one the person stands in.
    private static string? LocalPath(string? repository) => repository is null ? null : Directory.Exists(repository) ? Path.GetFullPath(repository) : repository;

    private sealed class RuleOptions
    {
        public Option<int?> Lease { get; } = new("--lease") { Description = "Seconds without a sign of life after which a task is taken back", HelpName = "SECONDS" };
        public Option<int?> MaxFailures { get; } = new("--max-failures") { Description = "Failures on at least two agents after which a task is quarantined", HelpName = "N" };
        public Option<string?> Contract { get; } = new("--contract") { Description = "What done needs, such as \"commit + test(pass) + pr(merged)\"" };
        public Option<string?> Review { get; } = new("--review") { Description = "auto, or person: a person approves every pull request" };
        public Option<bool?> PushBack { get; } = new("--push-back") { Description = "Push merged work to the repository it came from, fast-forward only" };
        public Option<string?> DeployTo { get; } = new("--deploy-to") { Description = "Environment that every merge is deployed to", HelpName = "ENV" };
        public Option<bool?> EpicBranches { get; } = new("--epic-branches") { Description = "Gather the tasks of an epic in a branch epic-N/... that is merged when all are done" };
        public Option<string?> Approval { get; } = new("--approval") { Description = "plan, or auto: the Chief of Staff's plans are begun without asking you" };
        public IEnumerable<Symbol> All => [Lease, MaxFailures, Contract, Review, PushBack, DeployTo, EpicBranches, Approval];
    }
}
