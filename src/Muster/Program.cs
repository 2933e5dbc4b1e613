using System.CommandLine;
using Muster.Commands;

// An agent's process is started often and takes nothing from the command line.
if (args is ["agent", "run"]) return await AgentRun.MainAsync();

return await CommandLine.RunAsync((RootCommand)new RootCommand("Muster: a control plane for a crew of software agents.").With(
[
    .. Globals.All,
    DemoCommand.Create(),
    UpCommand.Create(),
    UpCommand.CreateServe(),
    HostCommand.Create(),
    OpenCommand.Create(),
    StatusCommand.Create(),
    WatchCommand.Create(),
    AskCommand.Create(),
    GoalCommand.Create(),
    ProjectCommand.Create(),
    PlanCommand.Create(),
    TaskCommand.Create(),
    AgentCommand.Create(),
    RoleCommand.Create(),
    ReviewCommand.Create(),
    EvaluateCommand.Create(),
    QueueCommand.Create(),
    DeployCommand.Create(),
    ModelsCommand.Create(),
    CostCommand.Create(),
    BudgetCommand.Create(),
    BusCommand.Create(),
    ToolCommand.Create(),
    McpCommand.Create(),
    TokenCommand.Create(),
    DoctorCommand.Create(),
    StoreCommand.Create(),
    BackupCommand.Create(),
    RestoreCommand.Create(),
    VerifyCommand.Create(),
]), args);
