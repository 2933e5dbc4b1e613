using Muster.Contracts.Fleet;

namespace Muster.Client;

/// <summary>Who works, on what, and how it ends.</summary>
public sealed record WorkOptions
{
    /// <summary>Name of the agent; it is registered under it by the first heartbeat.</summary>
    public required string Agent { get; init; }

    /// <summary>Role of the agent; tasks that name another role are not offered.</summary>
    public string? Role { get; init; }

    /// <summary>Model behind the agent, to be shown.</summary>
    public string? Model { get; init; }

    /// <summary>Name of the host it runs on.</summary>
    public string? Host { get; init; }

    /// <summary>Takes only tasks with one of these labels, or with none; null takes all.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>Takes only tasks of these projects (key or id); null takes all.</summary>
    public IReadOnlyList<string>? Projects { get; init; }

    /// <summary>Tasks it works on at once.</summary>
    public int Capacity { get; init; } = 1;

    /// <summary>Version of the agent's program, to be shown.</summary>
    public string? Version { get; init; }

    /// <summary>Hash of the settings it was started with (<see cref="AgentSettings.Hash"/>), to be compared with those declared; null where it has none from the plane.</summary>
    public string? Settings { get; init; }

    /// <summary>Whether it replays a recording rather than thinks; its work is labelled so wherever it shows.</summary>
    public bool Rehearsal { get; init; }

    /// <summary>Seconds a claim waits for a task, 0 to 60.</summary>
    public int ClaimWaitSeconds { get; init; } = 60;

    /// <summary>
    /// How long before the end of a lease that could not be renewed its task is stopped; a fifth of the lease, at most 10 s, when null.
    /// </summary>
    public TimeSpan? LeaseMargin { get; init; }

    /// <summary>Time that tasks get to finish by themselves when the loop stops.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Time that a task gets, once its token is cancelled, before the loop goes on without it.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest log of one attempt, in characters; the rest is left out and the log says so.</summary>
    public int MaxLogCharacters { get; init; } = 1_000_000;

    /// <summary>Whether SIGTERM and SIGINT stop the loop gracefully; a second one cuts the grace short.</summary>
    public bool HandleSignals { get; init; }

    /// <summary>Told what the loop meets and mends by itself: the plane away, a lease lost, a task handed back.</summary>
    public Action<WorkNotice>? OnNotice { get; init; }

    /// <summary>Told each command after the loop has obeyed it; the place to reload one's configuration.</summary>
    public Func<AgentCommand, CancellationToken, Task>? OnCommand { get; init; }

    /// <summary>An agent named by <c>MUSTER_AGENT</c>, stopped by signals: what a program that a host keeps alive wants.</summary>
    /// <exception cref="InvalidOperationException">MUSTER_AGENT is not set.</exception>
    public static WorkOptions FromEnvironment() => new()
    {
        Agent = Environment.GetEnvironmentVariable("MUSTER_AGENT") is { Length: > 0 } name
            ? name
            : throw new InvalidOperationException("MUSTER_AGENT is not set; it names the agent, for example MUSTER_AGENT=ada."),
        HandleSignals = true,
    };
}

/// <summary>Something the loop met, as a sentence for people.</summary>
public sealed record WorkNotice
{
    /// <summary>The sentence.</summary>
    public required string Text { get; init; }

    /// <summary>Key of the task it is about, when it is about one.</summary>
    public string? TaskKey { get; init; }

    /// <summary>The error behind it, when there is one.</summary>
    public Exception? Error { get; init; }
}

/// <summary>Why the loop ended.</summary>
public enum WorkEnd
{
    /// <summary>The caller's token was cancelled.</summary>
    Cancelled,

    /// <summary>The process was told by a signal.</summary>
    Signal,

    /// <summary>The plane said stop.</summary>
    Stopped,

    /// <summary>The plane said drain, and all tasks are finished.</summary>
    Drained,

    /// <summary>The plane wants the program started anew, and all tasks are finished. One that a host keeps alive ends with <see cref="AgentExit.Restart"/>.</summary>
    Restart,

    /// <summary>
    /// The machine cannot do the work now (<see cref="TaskContext.TakeNoMore"/>), and all tasks are finished. Wait before working again;
    /// a program that a host keeps alive ends with <see cref="AgentExit.Unfit"/>.
    /// </summary>
    Unfit,
}

/// <summary>Why a task's token was cancelled.</summary>
public enum TaskStop
{
    /// <summary>It was not.</summary>
    None,

    /// <summary>The lease is no longer current: another agent may hold the task. Kill everything at once; nothing more can be handed in.</summary>
    LeaseLost,

    /// <summary>
    /// The lease could not be renewed for so long that it is about to end. Stop at once; the task is handed back if that is still possible.
    /// </summary>
    PlaneAway,

    /// <summary>A person cancelled the task or took it back.</summary>
    Cancelled,

    /// <summary>The loop ends and the grace is over. Save what is half done; the task is handed back without blame.</summary>
    Stopping,
}

/// <summary>Thrown by a task's code to fail its attempt with a reason, and to say whether trying again can help.</summary>
public sealed class TaskFailedException(string reason, bool retry = true, Exception? inner = null) : Exception(reason, inner)
{
    /// <summary>False when another attempt cannot do better; the task then fails at once.</summary>
    public bool Retry { get; } = retry;
}

/// <summary>Exit codes by which a program tells its host more than that it ended.</summary>
public static class AgentExit
{
    /// <summary>Start me anew, at once: it was asked for and is no death.</summary>
    public const int Restart = 75;

    /// <summary>The machine cannot do the work now; the last line says why. No death: it is started anew after a rest, for as long as it takes.</summary>
    public const int Unfit = 69;
}
