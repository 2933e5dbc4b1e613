using System.CommandLine;

namespace Muster.Commands;

/// <summary>The first words of the command line. A line that begins with one of them has that one made and no other: making all of them costs more than most answer.</summary>
internal static class Verbs
{
    /// <summary>In the order in which help tells them.</summary>
    public static IReadOnlyList<(string Name, Func<Command> Create)> All { get; } =
    [
        ("demo", DemoCommand.Create),
        ("up", UpCommand.Create),
        ("serve", UpCommand.CreateServe),
        ("host", HostCommand.Create),
        ("open", OpenCommand.Create),
        ("status", StatusCommand.Create),
        ("watch", WatchCommand.Create),
        ("ask", AskCommand.Create),
        ("goal", GoalCommand.Create),
        ("project", ProjectCommand.Create),
        ("plan", PlanCommand.Create),
        ("task", TaskCommand.Create),
        ("agent", AgentCommand.Create),
        ("role", RoleCommand.Create),
        ("review", ReviewCommand.Create),
        ("evaluate", EvaluateCommand.Create),
        ("queue", QueueCommand.Create),
        ("deploy", DeployCommand.Create),
        ("models", ModelsCommand.Create),
        ("cost", CostCommand.Create),
        ("budget", BudgetCommand.Create),
        ("bus", BusCommand.Create),
        ("tool", ToolCommand.Create),
        ("mcp", McpCommand.Create),
        ("token", TokenCommand.Create),
        ("doctor", DoctorCommand.Create),
        ("store", StoreCommand.Create),
        ("backup", BackupCommand.Create),
        ("restore", RestoreCommand.Create),
        ("verify", VerifyCommand.Create),
    ];

    /// <summary>The root for this command line. Whatever does not begin with a verb has them all: help, completion, "did you mean".</summary>
    public static RootCommand RootFor(IReadOnlyList<string> args) => (RootCommand)new RootCommand("Muster: a control plane for a crew of software agents.").With([.. Globals.All, .. MadeFor(args)]);

    private static IEnumerable<Command> MadeFor(IReadOnlyList<string> args)
    {
        if (args is ["--version"]) return [];
        foreach (var (name, create) in All)
            if (args.Count > 0 && args[0] == name) return [create()];
        return All.Select(verb => verb.Create());
    }
}
