using Muster.Contracts.Delivery;
using Muster.Contracts.Fleet;
using Muster.Contracts.Models;
using Muster.Contracts.Tools;
using Muster.Contracts.Work;
using Muster.Runner.Acp;
using Muster.Runner.Builtin;
using Muster.Runner.Profiles;
using Muster.Runner.Sandbox;

namespace Muster.Runner.Executors;

/// <summary>One attempt at one task as an executor sees it. Holds no credential but the one for models.</summary>
public sealed record Attempt
{
    public required TaskInfo Task { get; init; }
    public required AssignmentInfo Assignment { get; init; }
    public GitWork? Git { get; init; }
    public PreviousAttempt? Previous { get; init; }
    public required AgentDefinition Definition { get; init; }

    /// <summary>The worktree, or an empty folder for a task without a repository.</summary>
    public required string Folder { get; init; }

    /// <summary>A folder outside the worktree, for this attempt alone.</summary>
    public required string Scratch { get; init; }

    /// <summary>Value of <c>MUSTER_RUN</c> for what the executor starts.</summary>
    public required string Marker { get; init; }

    /// <summary>The way to models, for this attempt alone and as long as its lease is current.</summary>
    public required ModelAccess Gateway { get; init; }

    /// <summary>Route or model that the agent asks for; null leaves it to the plane.</summary>
    public string? Model { get; init; }

    /// <summary>What the agent is for in this task; null where it has no role.</summary>
    public RoleBrief? Role { get; init; }

    /// <summary>What the agent's role says it is and how it works; null where it has none.</summary>
    public string? Instructions => Role?.Instructions;

    /// <summary>Adds a line to the attempt's log.</summary>
    public required Action<string> Log { get; init; }

    /// <summary>Reports percent complete, 0 to 100.</summary>
    public required Func<int, CancellationToken, Task> ReportProgressAsync { get; init; }

    /// <summary>Commits all that is uncommitted; false when there was nothing, and always in a task without a repository.</summary>
    public required Func<string, CancellationToken, Task<bool>> CommitAsync { get; init; }

    /// <summary>Stores a file with the task: its name, its content, its type.</summary>
    public required Func<string, Stream, string, CancellationToken, Task<ArtifactInfo>> StoreArtifactAsync { get; init; }

    /// <summary>What people and agents wrote on the task, oldest first.</summary>
    public required Func<CancellationToken, Task<IReadOnlyList<TaskUpdateInfo>>> CommentsAsync { get; init; }

    /// <summary>Records what a program has used of an account that is not the plane's, as this attempt's.</summary>
    public required Func<CreateModelUsage, CancellationToken, Task> ReportUsageAsync { get; init; }

    /// <summary>Writes on the task, as the agent.</summary>
    public required Func<string, CancellationToken, Task> CommentAsync { get; init; }
}

/// <summary>Where an attempt finds models.</summary>
/// <param name="Server">The plane. <c>llm/openai/v1</c>, <c>llm/anthropic</c> and <c>llm/gemini</c> below it speak the protocols of those names.</param>
/// <param name="Key">A secret: what the protocols call the key.</param>
public sealed record ModelAccess(Uri Server, string Key)
{
    public Uri OpenAi => new(Server, "llm/openai/v1");

    public Uri Anthropic => new(Server, "llm/anthropic");

    public Uri Gemini => new(Server, "llm/gemini");

    public override string ToString() => $"models of {Server}";
}

public enum Ending
{
    /// <summary>The work is ready to be handed in.</summary>
    Ready,

    /// <summary>Handed back without blame; another attempt may do better later.</summary>
    Released,
    Failed,
}

/// <summary>How an attempt ended.</summary>
public sealed record ExecutionResult
{
    public required Ending Ending { get; init; }

    /// <summary>Why, when it is not ready.</summary>
    public string? Reason { get; init; }

    /// <summary>What to wait for before it is tried again, when it was handed back for that: <c>budget</c>, <c>provider_down</c>.</summary>
    public string? WaitFor { get; init; }

    /// <summary>How long at the most, when that is known.</summary>
    public TimeSpan? Wait { get; init; }

    /// <summary>False when trying again cannot help.</summary>
    public bool Retry { get; init; } = true;
    public string? Summary { get; init; }
    public double? SpentHours { get; init; }
    public IReadOnlyList<EvidenceClaim>? Evidence { get; init; }

    /// <summary>What the next attempt in this role should know at once; null when nothing is new.</summary>
    public string? Lesson { get; init; }

    public static ExecutionResult Failed(string reason, bool retry = true) => new() { Ending = Ending.Failed, Reason = reason, Retry = retry };
}

/// <summary>Does a task in a folder. Chosen by <see cref="Name"/>, which an agent's definition says.</summary>
public interface IExecutor
{
    string Name { get; }

    /// <summary>Whether an attempt goes on from the half-done work that the one before has saved, rather than afresh.</summary>
    bool GoesOnFromSavedWork => false;

    /// <summary>Runs to the end. On cancellation everything it started is killed at once.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    Task<ExecutionResult> RunAsync(Attempt attempt, CancellationToken cancellation);
}

/// <summary>The executors there are, by name.</summary>
public static class ExecutorCatalog
{
    /// <param name="definition">How the agent is run.</param>
    /// <param name="time">Its clock.</param>
    /// <param name="sources">Tools from outside, for executors that think.</param>
    /// <exception cref="ExecutorException">No executor has that name, or the definition lacks what it needs.</exception>
    public static IExecutor Create(AgentDefinition definition, TimeProvider time, IReadOnlyList<IToolSource>? sources = null) => definition.Executor switch
    {
        Contracts.Fleet.Executors.Command => new CommandExecutor(definition),
        Contracts.Fleet.Executors.Rehearsal => RehearsalExecutor.Load(definition, time),
        Contracts.Fleet.Executors.Builtin => new BuiltinExecutor(sources ?? [], time),
        Contracts.Fleet.Executors.Program => throw new ExecutorException("The executor 'program' claims for itself; its host starts it directly."),
        Contracts.Fleet.Executors.Acp => new AcpExecutor(definition, time, sources ?? [], CommandSandbox.DetectAsync),
        var name when ProfileCatalog.Find(name) is { } profile => new ProfileExecutor(profile, time, sources ?? [], CommandSandbox.DetectAsync, Environment.GetEnvironmentVariable),
        var unknown => throw new ExecutorException($"There is no executor '{unknown}'. Known: {string.Join(", ", Contracts.Fleet.Executors.All)}."),
    };
}

/// <summary>An agent's definition cannot be carried out. The message says what to change.</summary>
public sealed class ExecutorException(string message) : Exception(message);
