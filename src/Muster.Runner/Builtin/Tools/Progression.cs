using Muster.Runner.Executors;

namespace Muster.Runner.Builtin.Tools;

/// <summary>A command that was run, and how it ended.</summary>
internal sealed record RanCommand(string Command, string Outcome);

/// <summary>What the tools of one attempt have brought about so far.</summary>
internal sealed class Progression
{
    private const int ChecksKept = 10;

    private readonly List<RanCommand> _commands = [];

    /// <summary>Grows with every change, commit, or report.</summary>
    public int Steps { get; private set; }

    /// <summary>Changes since the last commit.</summary>
    public int Uncommitted { get; private set; }

    /// <summary>How the attempt ends, once a tool has said it.</summary>
    public ExecutionResult? End { get; set; }

    /// <summary>Commands run since files were last edited: what they said holds for what is handed in.</summary>
    public IReadOnlyList<RanCommand> Commands => _commands;

    public void Changed()
    {
        Steps++;
        Uncommitted++;
        _commands.Clear();
    }

    public void Committed()
    {
        Steps++;
        Uncommitted = 0;
    }

    public void Reported() => Steps++;

    public void Ran(string command, string outcome)
    {
        _commands.RemoveAll(ran => ran.Command == command);
        _commands.Add(new RanCommand(command, outcome));
        if (_commands.Count > ChecksKept) _commands.RemoveAt(0);
    }
}
