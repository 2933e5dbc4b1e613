using Muster.Contracts.Fleet;
using Muster.ControlPlane.Operations;

namespace Muster.ControlPlane.Fleet;

/// <summary>Refuses a definition that a host could not run, with every fault at once.</summary>
public static class AgentDefinitions
{
    public static void Check(AgentDefinition? definition)
    {
        if (definition is null) return;
        new Checked()
            .Require(Executors.All.Contains(definition.Executor), "definition.executor",
                $"There is no executor '{Refusal.Shorten(definition.Executor)}'; there are {string.Join(", ", Executors.All)}.")
            .Require(!Executors.TakesCommand(definition.Executor) || definition.Command is { Count: > 0 }, "definition.command", "Name the program to run and its arguments.")
            .Require(definition.Command is null || definition.Command.All(a => a is not null && a.Length <= 10_000 && !a.Contains('\0', StringComparison.Ordinal)), "definition.command", "An argument is too long or holds a null character.")
            .Require(definition.Executor != Executors.Rehearsal || !string.IsNullOrWhiteSpace(definition.Recording), "definition.recording", "Name the recording to replay.")
            .Require(!definition.OwnAccount || Executors.HasOwnAccount(definition.Executor), "definition.ownAccount", $"Only {Executors.ClaudeCode} and {Executors.Codex} can work with an account of their own.")
            .Require(definition.TimeoutSeconds is null or (>= 1 and <= 604_800), "definition.timeoutSeconds", "A time-out is 1 second to 7 days.")
            .Require(definition.Environment is null || definition.Environment.Keys.All(IsVariable), "definition.environment", "Environment names are letters, digits and '_', and may not begin with MUSTER_.")
            .Require(definition.Limits is not { } limits || IsLimit(limits.Steps, 10_000) && IsLimit(limits.Tokens, 1_000_000_000) && IsLimit(limits.ContextTokens, 2_000_000, 8000) && IsLimit(limits.AnswerTokens, 200_000, 256),
                "definition.limits", "Limits are 1 to 10,000 steps, up to 1,000,000,000 tokens, 8,000 to 2,000,000 tokens of context, 256 to 200,000 tokens of an answer.")
            .Require(definition.Sandbox?.ReadOnly is not { } paths || paths.Count <= 50 && paths.All(IsHostPath), "definition.sandbox.readOnly", "Folders that a sandbox may read are absolute paths without '..', at most 50, and not '/' itself.")
            .ThrowIfWrong();
    }

    private static bool IsLimit(long? value, long max, long min = 1) => value is null || (value >= min && value <= max);

    private static bool IsHostPath(string? path) =>
        path is { Length: > 1 and <= 1000 } && path[0] == '/' && path.Trim('/').Length > 0 && !path.Split('/').Contains("..") && !path.Any(char.IsControl);

    private static bool IsVariable(string name) =>
        name.Length is > 0 and <= 100 && !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')
        && !name.StartsWith("MUSTER_", StringComparison.OrdinalIgnoreCase);
}
