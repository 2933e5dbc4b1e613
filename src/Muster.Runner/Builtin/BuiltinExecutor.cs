using Muster.Client;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;
using Muster.Runner.Builtin.Chat;
using Muster.Runner.Builtin.Context;
using Muster.Runner.Builtin.Guards;
using Muster.Runner.Builtin.Tools;
using Muster.Runner.Builtin.Transcripts;
using Muster.Runner.Executors;
using Muster.Runner.Git;
using Muster.Runner.Processes;
using Muster.Runner.Sandbox;
using Muster.Runner.Workspaces;

namespace Muster.Runner.Builtin;

/// <summary>Muster's own agent: a model that is asked what to do next, tools that do it, and code that decides what is allowed and when it ends.</summary>
public sealed class BuiltinExecutor : IExecutor
{
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(10);

    private readonly BuiltinLimits? _given;
    private readonly IReadOnlyList<IToolSource> _sources;
    private readonly TimeProvider _time;
    private readonly Func<CancellationToken, Task<CommandSandbox>> _sandbox;

    public BuiltinExecutor(IReadOnlyList<IToolSource> sources, TimeProvider time)
        : this(null, sources, time, CommandSandbox.DetectAsync)
    {
    }

    /// <param name="limits">Where every attempt ends; what its definition says when null.</param>
    /// <param name="sources">Tools from outside.</param>
    /// <param name="time">Clock of the waiting.</param>
    /// <param name="sandbox">Finds out what this host has.</param>
    internal BuiltinExecutor(BuiltinLimits? limits, IReadOnlyList<IToolSource> sources, TimeProvider time, Func<CancellationToken, Task<CommandSandbox>> sandbox) =>
        (_given, _sources, _time, _sandbox) = (limits, sources, time, sandbox);

    public string Name => Contracts.Fleet.Executors.Builtin;

    public bool GoesOnFromSavedWork => true;

    public async Task<ExecutionResult> RunAsync(Attempt attempt, CancellationToken cancellation)
    {
        var limits = _given ?? BuiltinLimits.From(attempt.Definition);
        var redactor = Redactor.ForProcess(attempt.Gateway.Key);
        using var transcript = new Transcript(attempt.Log, redactor, _time);
        using var timeout = new CancellationTokenSource(limits.Time, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        try
        {
            return await WorkAsync(attempt, limits, redactor, transcript, either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return ExecutionResult.Failed($"It took longer than {limits.Time.TotalSeconds:0} s and was ended.");
        }
        catch (GitException error)
        {
            return ExecutionResult.Failed($"The workspace cannot be used: {error.Message}");
        }
        finally
        {
            await MarkedProcesses.KillAsync(attempt.Marker);
            await StoreAsync(attempt, transcript);
        }
    }

    private async Task<ExecutionResult> WorkAsync(Attempt given, BuiltinLimits limits, Redactor redactor, Transcript transcript, CancellationToken cancellation)
    {
        var attempt = given;
        var comments = await ReadCommentsAsync(attempt, transcript, cancellation);
        if (Questions.Open(comments) is { } question)
        {
            transcript.Note("the question on the task is not answered yet; nothing is asked of a model");
            return Questions.Waiting(question);
        }

        var sandbox = await _sandbox(cancellation);
        transcript.Note(sandbox.Statement);
        if (!sandbox.Works && attempt.Definition.Sandbox?.Required == true)
            return new ExecutionResult { Ending = Ending.Released, Reason = $"The agent asks for a sandbox and this host has none: {sandbox.Statement}" };

        // Before anything runs here: what the repository is, nobody can say otherwise later.
        var folder = await AttemptFolder.OpenAsync(attempt, cancellation);
        var guard = new LeakGuard(folder, redactor);
        attempt = attempt with
        {
            CommitAsync = async (message, ct) =>
            {
                await guard.CheckAsync(ct);
                return await given.CommitAsync(redactor.Clean(message), ct);
            },
        };
        var progression = new Progression();
        await using var tools = await GatherAsync(attempt, folder, sandbox, guard, progression, redactor, transcript, cancellation);
        var system = Prompts.System(attempt, sandbox.Works);
        var task = redactor.WithoutKnown(Prompts.Task(attempt, await RepositoryGuides.DescribeAsync(folder, cancellation), comments));
        transcript.Opening(system, task);
        var result = await LoopAsync(attempt, limits, new Conversation(system, task), tools, progression, transcript, cancellation);
        return result.Ending == Ending.Ready && await guard.FindAsync(cancellation) is { } leak ? ExecutionResult.Failed(leak) : result;
    }

    private async Task<ExecutionResult> LoopAsync(
        Attempt attempt, BuiltinLimits limits, Conversation conversation, ToolBox tools, Progression progression, Transcript transcript, CancellationToken cancellation)
    {
        using var client = new GatewayChatClient(attempt.Gateway, limits.Patience.Silence, _time);
        var loop = new AgentLoop(limits, new PatientModel(client, limits.Patience, _time), tools, conversation, transcript, progression, attempt.Model ?? "smart")
        {
            CommitAsync = ct => CommitAsync(attempt, progression, transcript, ct),
        };
        ExecutionResult result;
        try
        {
            result = await loop.RunAsync(cancellation);
        }
        catch (GatewayException error)
        {
            result = GatewayEndings.Of(error, transcript.Clean);
        }
        finally
        {
            // Whatever comes after this attempt goes on from here.
            if (!cancellation.IsCancellationRequested) await CommitAsync(attempt, progression, transcript, cancellation);
        }

        transcript.End(result.Ending.ToString().ToLowerInvariant(), result.Reason, loop.TokensIn, loop.TokensOut);
        return result;
    }

    private async Task<ToolBox> GatherAsync(
        Attempt attempt, AttemptFolder folder, CommandSandbox sandbox, LeakGuard guard, Progression progression, Redactor redactor, Transcript transcript, CancellationToken cancellation)
    {
        var tools = new ToolBox(
            [
                .. new FileTools(folder).Tools,
                .. new EditTools(folder, progression).Tools,
                .. new ShellTool(attempt, folder, sandbox, progression, _time).Tools,
                .. folder.Git is { } git ? new GitTool(attempt, folder, git, progression).Tools : [],
                .. new TaskTools(attempt, folder, progression, redactor, guard).Tools,
            ], attempt.Role?.Tools, redactor);
        foreach (var source in _sources) await tools.AddAsync(source, attempt, transcript.Note, cancellation);
        return tools;
    }

    private static async Task<IReadOnlyList<TaskUpdateInfo>> ReadCommentsAsync(Attempt attempt, Transcript transcript, CancellationToken cancellation)
    {
        try
        {
            return await attempt.CommentsAsync(cancellation);
        }
        catch (Exception error) when (error is PlaneUnreachableException or MusterException and not LeaseLostException)
        {
            transcript.Note($"comments on the task could not be read: {error.Message}");
            return [];
        }
    }

    private static async Task CommitAsync(Attempt attempt, Progression progression, Transcript transcript, CancellationToken cancellation)
    {
        if (progression.Uncommitted == 0) return;
        try
        {
            if (await attempt.CommitAsync($"Work on {attempt.Task.Key}\n\nCommitted by the runner between two steps.", cancellation)) transcript.Note("committed what was changed so far");
            progression.Committed();
        }
        catch (Exception error) when (error is GitException or WorkspaceException or ToolFailureException)
        {
            transcript.Note($"what was changed could not be committed now: {error.Message}");
        }
    }

    /// <summary>Also when the attempt was cancelled. A plane that takes it no more has a reason, which the agent's log tells.</summary>
    private static async Task StoreAsync(Attempt attempt, Transcript transcript)
    {
        using var limit = new CancellationTokenSource(LastWords);
        try
        {
            await using var content = transcript.Content();
            if (content.Length > 0) await attempt.StoreArtifactAsync($"transcript-{attempt.Task.Key}-{attempt.Assignment.Epoch}.jsonl", content, "application/jsonl", limit.Token);
        }
        catch (Exception error) when (error is PlaneUnreachableException or MusterException or OperationCanceledException)
        {
            attempt.Log($"muster: the transcript could not be stored: {error.Message}");
        }
    }
}
