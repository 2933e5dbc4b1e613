using Muster.Contracts.Fleet;
using Muster.ControlPlane.Operations;

namespace Muster.ControlPlane.Fleet;

/// <summary>Refuses a definition that a host could not run, with every fault at once.</summary>
public static class AgentDefinitions
{
    public static void Check(AgentDefinition? definition)
    {
        if (definition is null) return;
        var takesCommand = definition.Executor is Executors.Command or Executors.Program;
        new Checked()
            .Require(takesCommand || definition.Executor == Executors.Rehearsal, "definition.executor",
                $"There is no executor '{Refusal.Shorten(definition.Executor)}'; there are {Executors.Command}, {Executors.Rehearsal} and {Executors.Program}.")
            .Require(!takesCommand || definition.Command is { Count: > 0 }, "definition.command", "Name the program to run and its arguments.")
            .Require(definition.Command is null || definition.Command.All(a => a is not null && a.Length <= 10_000 && !a.Contains('\0', StringComparison.Ordinal)), "definition.command", "An argument is too long or holds a null character.")
            .Require(definition.Executor != Executors.Rehearsal || !string.IsNullOrWhiteSpace(definition.Recording), "definition.recording", "Name the recording to replay.")
            .Require(definition.TimeoutSeconds is null or (>= 1 and <= 604_800), "definition.timeoutSeconds", "A time-out is 1 second to 7 days.")
            .Require(definition.Environment is null || definition.Environment.Keys.All(IsVariable), "definition.environment", "Environment names are letters, digits and '_', and may not begin with MUSTER_.")
            .ThrowIfWrong();
    }

    private static bool IsVariable(string name) =>
        name.Length is > 0 and <= 100 && !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')
        && !name.StartsWith("MUSTER_", StringComparison.OrdinalIgnoreCase);
}
