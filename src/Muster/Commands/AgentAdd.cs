using System.CommandLine;
using Muster.Contracts.Fleet;
using Muster.Terminals;

namespace Muster.Commands;

internal static class AgentAdd
{
    private static readonly Argument<string> Name = new("name") { Description = "Its name; with --count several get -1, -2 ... behind it" };
    private static readonly Argument<string[]> Command = new("command") { Description = "Behind --: the program and its arguments; started without a shell", Arity = ArgumentArity.ZeroOrMore };
    private static readonly Option<string?> Executor = new("--executor") { Description = $"{string.Join(", ", Executors.All)}; command when a program is named, builtin when nothing is" };
    private static readonly Option<string?> Role = new("--role") { Description = "Only tasks of this role, and tasks of none" };
    private static readonly Option<string?> Model = new("--model") { Description = "Route (smart, fast, local) or model it asks for; its role's when left out" };
    private static readonly Option<string[]> Labels = new("--label") { Description = "Only tasks with one of these labels, or with none" };
    private static readonly Option<string?> Host = new("--host") { Description = "Host that runs it; the only one when left out" };
    private static readonly Option<string?> Recording = new("--recording") { Description = "For rehearsal: the recording to replay", HelpName = "FILE" };
    private static readonly Option<int?> Capacity = new("--capacity") { Description = "Tasks it takes at once", HelpName = "N" };
    private static readonly Option<int?> Timeout = new("--timeout") { Description = "Seconds one attempt may take", HelpName = "SECONDS" };
    private static readonly Option<string[]> Environment = new("--env") { Description = "Environment of its processes, NAME=VALUE; not for secrets" };
    private static readonly Option<bool> OwnAccount = new("--own-account") { Description = "For claude-code and codex: the account that the host's user is signed in with, instead of the plane's models" };
    private static readonly Option<int?> Steps = new("--steps") { Description = "For builtin: answers of the model in one attempt", HelpName = "N" };
    private static readonly Option<long?> Tokens = new("--tokens") { Description = "For builtin: tokens of one attempt", HelpName = "N" };
    private static readonly Option<bool> Network = new("--network") { Description = "For builtin: its commands may use the network" };
    private static readonly Option<bool> Sandboxed = new("--sandboxed") { Description = "Refuse to work on a host without a sandbox (builtin, and the coding programs)" };
    private static readonly Option<string[]> ReadOnly = new("--read-only") { Description = "More of the host that it may read in its sandbox, such as a package cache (builtin, and the coding programs)", HelpName = "FOLDER" };
    private static readonly Option<int> Count = new("--count") { Description = "So many of the same kind", HelpName = "N", DefaultValueFactory = _ => 1 };

    public static Command Create() => new Command("add", "Add an agent: muster agent add NAME --executor command -- ./agent.sh")
        .With(Name, Command, Executor, Role, Model, Labels, Host, Recording, Capacity, Timeout, Environment, OwnAccount, Steps, Tokens, Network, Sandboxed, ReadOnly, Count).Does(RunAsync);

    private static async Task RunAsync(Call call)
    {
        var host = call.Get(Host) ?? await OnlyHostAsync(call);
        var definition = Define(call, Path.GetFullPath("."), host == LocalHost.Name);
        var count = call.Get(Count);
        if (count is < 1 or > 1000) throw new CommandException("--count is 1 to 1000.") { Code = ExitCodes.BadUsage };
        List<AgentInfo> agents = [];
        for (var number = 1; number <= count; number++)
        {
            agents.Add(await call.Muster.CreateAgentAsync(new CreateAgent
            {
                Name = count == 1 ? call.Get(Name) : $"{call.Get(Name)}-{number}",
                Role = call.Get(Role),
                Model = call.Get(Model),
                Labels = call.Get(Labels),
                Host = host,
                Capacity = call.Get(Capacity),
                Definition = definition,
            }, ct: call.Stop));
        }

        if (count == 1) call.Terminal.Document(agents[0]);
        else call.Terminal.Document(agents);
        foreach (var agent in agents) call.Terminal.Line($"{Plain.Line(agent.Name)} added; {Plain.Line(host)} runs it ({definition.Executor})");
        if (definition.OwnAccount) call.Terminal.Line("It uses the account that the host's user is signed in with: the plane's budgets cannot stop it, and what it runs may read that sign-in.");
        if (definition.Executor == Executors.Rehearsal) call.Terminal.Line("It replays a recording; no model is used.");
    }

    private static AgentDefinition Define(Call call, string folder, bool local)
    {
        var command = call.Get(Command);
        var executor = call.Get(Executor) ?? (call.Get(Recording) is not null ? Executors.Rehearsal : command.Length > 0 ? Executors.Command : Executors.Builtin);
        if (Executors.TakesCommand(executor) && command.Length == 0)
            throw new CommandException("Name the program that does the work.", $"muster agent add NAME --executor {executor} -- ./agent.sh ARGUMENTS") { Code = ExitCodes.BadUsage };
        if (executor == Executors.Rehearsal && call.Get(Recording) is null)
            throw new CommandException("Name the recording to replay.", "muster agent add NAME --executor rehearsal --recording FILE") { Code = ExitCodes.BadUsage };
        return new AgentDefinition
        {
            Executor = executor,
            Command = command.Length == 0 ? null : AgentPaths.Absolute(command, folder, local, call.Terminal.Note),
            Recording = call.Get(Recording) is { } recording ? AgentPaths.Existing(recording, folder, local) : null,
            TimeoutSeconds = call.Get(Timeout),
            OwnAccount = call.Get(OwnAccount),
            Environment = Variables(call.Get(Environment) ?? []),
            Limits = call.Get(Steps) is null && call.Get(Tokens) is null ? null : new AttemptLimits { Steps = call.Get(Steps), Tokens = call.Get(Tokens) },
            Sandbox = Rules(call, folder),
        };
    }

    private static SandboxRules? Rules(Call call, string folder)
    {
        var readOnly = (call.Get(ReadOnly) ?? []).Select(path => Path.GetFullPath(path, folder)).ToList();
        if (!call.Get(Network) && !call.Get(Sandboxed) && readOnly.Count == 0) return null;
        return new SandboxRules { Network = call.Get(Network), Required = call.Get(Sandboxed), ReadOnly = readOnly.Count == 0 ? null : readOnly };
    }

    private static Dictionary<string, string>? Variables(string[] pairs)
    {
        if (pairs.Length == 0) return null;
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in pairs)
        {
            var split = pair.IndexOf('=', StringComparison.Ordinal);
            if (split < 1) throw new CommandException($"'{pair}' is not NAME=VALUE.") { Code = ExitCodes.BadUsage };
            variables[pair[..split]] = pair[(split + 1)..];
        }

        return variables;
    }

    private static async Task<string> OnlyHostAsync(Call call)
    {
        var hosts = await call.Muster.ListHostsAsync(limit: 2, ct: call.Stop);
        return hosts.Items.Count switch
        {
            1 => hosts.Items[0].Name,
            0 => throw new CommandException("No host has registered yet, so nothing could run the agent.", "Start one: muster host (or muster up, which is plane and host in one)."),
            _ => throw new CommandException("There are several hosts; say which one runs it.", "--host NAME (muster host list shows them)") { Code = ExitCodes.BadUsage },
        };
    }
}
