namespace Muster;

/// <summary>A command cannot go on. The message is a sentence for the person; the hint says how to mend it.</summary>
internal sealed class CommandException(string message, string? hint = null) : Exception(message)
{
    public string? Hint { get; } = hint;
    public int Code { get; init; } = ExitCodes.Failed;
}

/// <summary>What the executable's exit code says.</summary>
internal static class ExitCodes
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int BadUsage = 2;
    public const int NotReachable = 3;

    /// <summary>Ended by the person (128 + SIGINT), as shells expect it.</summary>
    public const int Interrupted = 130;
}
