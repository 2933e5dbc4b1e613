using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Muster.Client;
using Muster.Terminals;

namespace Muster.Commands;

/// <summary>Runs a command line: bad usage, refusals and faults become sentences and exit codes here, and nowhere else.</summary>
internal static class CommandLine
{
    // Longer than everything that stops in good order needs; the process ends by itself well before.
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(20);

    public static async Task<int> RunAsync(RootCommand root, string[] args)
    {
        var terminal = Terminal.ForProcess(json: false);
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0 && parsed.Action is ParseErrorAction or null) return BadUsage(parsed, terminal);
        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = StopLimit });
        }
        catch (Exception error)
        {
            return Explain(error, terminal, parsed.GetValue(Globals.Verbose));
        }
    }

    private static int BadUsage(ParseResult parsed, Terminal terminal)
    {
        foreach (var error in parsed.Errors) terminal.Fail(error.Message);
        var names = new List<string>();
        for (SymbolResult? at = parsed.CommandResult; at is CommandResult { Command: var command }; at = at.Parent) names.Insert(0, command is RootCommand ? "muster" : command.Name);
        terminal.Note($"See: {string.Join(' ', names)} --help");
        return ExitCodes.BadUsage;
    }

    /// <summary>The one place where a fault becomes words. An unexpected one keeps its type, so that it can be reported.</summary>
    internal static int Explain(Exception error, Terminal terminal, bool verbose)
    {
        switch (error)
        {
            case OperationCanceledException:
                return ExitCodes.Interrupted;
            case CommandException wrong:
                terminal.Fail(wrong.Message);
                if (wrong.Hint is { } hint) terminal.Note(hint);
                return wrong.Code;
            case PlaneUnreachableException unreachable:
                terminal.Fail(unreachable.Message);
                return ExitCodes.NotReachable;
            case MusterException refused:
                terminal.Fail(refused.Message);
                foreach (var (field, faults) in refused.Problem.Errors ?? new Dictionary<string, string[]>(StringComparer.Ordinal))
                    foreach (var fault in faults) terminal.Note($"  {field}: {fault}");
                return ExitCodes.Failed;
            case IOException or UnauthorizedAccessException or Runner.Supervision.HostException or ControlPlane.Backups.BackupException or ControlPlane.Storage.StoreUnusableException:
                terminal.Fail(error.Message);
                return ExitCodes.Failed;
            default:
                terminal.Fail($"{error.GetType().Name}: {error.Message} This is a fault of Muster; run it again with --verbose and report what it says.");
                if (verbose) terminal.Note(error.ToString());
                return ExitCodes.Failed;
        }
    }
}
