namespace Muster.Runner.Processes;

/// <summary>A program to start. Nothing here passes through a shell.</summary>
public sealed record ProcessSpec
{
    /// <summary>A path, or a name looked up in <c>PATH</c> of <see cref="Environment"/>.</summary>
    public required string FileName { get; init; }
    public IReadOnlyList<string> Arguments { get; init; } = [];
    public required string WorkingDirectory { get; init; }

    /// <summary>The whole environment, nothing is added to it; see <see cref="ChildEnvironment"/>.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>Written to standard input, which is then closed.</summary>
    public string? StdinText { get; init; }

    /// <summary>Leaves standard input open until <see cref="ProcessGroup.CloseStdin"/>: its end tells the child that we are gone.</summary>
    public bool KeepStdinOpen { get; init; }

    /// <summary>Gets each line of output; calls never overlap. Lines of standard error too, unless <see cref="OnErrorLine"/> is set.</summary>
    public Action<string>? OnLine { get; init; }
    public Action<string>? OnErrorLine { get; init; }

    /// <summary>Gets standard output as it comes, instead of lines of it.</summary>
    public Action<ReadOnlyMemory<char>>? OnText { get; init; }

    /// <summary>Characters of a line that are kept; the rest is left out and counted.</summary>
    public int MaxLineLength { get; init; } = 16 * 1024;
}

/// <summary>How a program ended.</summary>
/// <param name="Code">Exit code; 128 + n when signal n ended it, as shells write it.</param>
public sealed record ProcessExit(int Code)
{
    /// <summary>The signal that ended it, when one did.</summary>
    public int? Signal => Code is > 128 and <= 192 ? Code - 128 : null;

    public override string ToString() => Signal is { } signal ? $"was ended by signal {signal}" : $"exited with code {Code}";
}

/// <summary>The program could not be started. The message names it and says what to do.</summary>
public sealed class ProgramNotFoundException(string program, string message) : Exception(message)
{
    public string Program { get; } = program;
}
