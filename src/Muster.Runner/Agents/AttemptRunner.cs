using Muster.Client;
using Muster.Contracts.Work;
using Muster.Runner.Executors;
using Muster.Runner.Git;
using Muster.Runner.Workspaces;

namespace Muster.Runner.Agents;

/// <summary>Carries one attempt from the claim to the handing in. What was done is saved on the plane before anything is cleaned up.</summary>
internal sealed class AttemptRunner(AgentProgramOptions options, IExecutor executor, MusterClient muster, Action<string> notice)
{
    private readonly HostFolders _folders = new(options.DataFolder, options.Marker);

    /// <summary>What is wrong with the host, when an attempt found that it cannot work here.</summary>
    public string? Unfit { get; private set; }

    public async Task RunAsync(TaskInfo task, TaskContext context, CancellationToken cancellation)
    {
        try
        {
            using var scratch = new ScratchFolder(_folders);
            if (context.Git is null) await RunWithoutGitAsync(context, scratch, cancellation);
            else await RunWithGitAsync(context, scratch, cancellation);
        }
        catch (Exception error) when (HostTrouble.Of(error) is { } trouble)
        {
            // Nothing was begun, so the task has no part in it.
            TakeNoMore(context, trouble);
            context.Release(Unfit);
        }
    }

    /// <summary>The next task would meet the same here, and after it the whole backlog.</summary>
    private void TakeNoMore(TaskContext context, string trouble)
    {
        Unfit = $"Host {options.Host ?? Environment.MachineName}: {trouble}";
        context.TakeNoMore();
    }

    // What was begun may have filled the disk itself: that counts as a try, or it would go round for ever.
    private void FailUnfit(TaskContext context, string trouble)
    {
        TakeNoMore(context, trouble);
        context.Fail(Unfit!);
    }

    private async Task RunWithGitAsync(TaskContext context, ScratchFolder scratch, CancellationToken cancellation)
    {
        try
        {
            using var workspace = await OpenAsync(context, cancellation);
            await RunInWorkspaceAsync(context, workspace, scratch, cancellation);
        }
        catch (GitException error) when (error.Failure is GitFailure.Refused)
        {
            // Mostly the lease is gone, which this call says; if it is not, trying for ever without blame would help nobody.
            await Patience.TolerateAsync(() => context.ReportProgressAsync(note: "git was refused", ct: cancellation), notice);
            context.Fail($"The plane's git endpoint refused the attempt: {error.Message}");
        }
        catch (Exception error) when (error is GitException or WorkspaceException && HostTrouble.Of(error) is null)
        {
            context.Fail(error.Message);
        }
    }

    private async Task RunWithoutGitAsync(TaskContext context, ScratchFolder scratch, CancellationToken cancellation)
    {
        var folder = Directory.CreateDirectory(Path.Combine(scratch.Path, "work")).FullName;
        var attempt = Describe(context, folder, scratch) with { CommitAsync = (_, _) => Task.FromResult(false) };
        try
        {
            HandIn(context, await executor.RunAsync(attempt, cancellation), headSha: null, wipSha: null);
        }
        catch (Exception error) when (HostTrouble.Of(error) is { } trouble)
        {
            FailUnfit(context, trouble);
        }
    }

    private async Task<Workspace> OpenAsync(TaskContext context, CancellationToken cancellation)
    {
        var request = new WorkspaceRequest
        {
            ProjectId = context.Task.ProjectId,
            TaskKey = context.Task.Key,
            Epoch = context.Assignment.Epoch,
            AssignmentId = context.Assignment.Id,
            Agent = context.Assignment.Agent,
            Git = context.Git!,
            Previous = context.Previous,
            FromSavedWork = executor.GoesOnFromSavedWork,
            Remote = new GitRemote(new Uri(muster.Options.Server, context.Git!.Path).AbsoluteUri, context.Lease),
        };
        var workspace = await Patience.RetryAsync(() => WorkspaceOpener.OpenAsync(_folders, request, cancellation), notice, cancellation);
        await context.LogAsync($"muster: {context.Task.Key} attempt {context.Assignment.Epoch}, {workspace.Start switch
        {
            StartPoint.PreviousHead => $"going on from {context.Previous!.HeadSha} with {context.Git.TargetBranch} merged in",
            StartPoint.SavedWork => $"going on from {context.Previous!.WipSha}, the half-done work of the attempt before, with {context.Git.TargetBranch} merged in",
            StartPoint.TargetInstead => $"starting afresh from {context.Git.TargetSha}: what there was before does not merge with it",
            _ => $"starting from {context.Git.TargetSha}",
        }}\n");
        return workspace;
    }

    private async Task RunInWorkspaceAsync(TaskContext context, Workspace workspace, ScratchFolder scratch, CancellationToken cancellation)
    {
        var saver = new WorkSaver(workspace, context, notice, options.SavePeriod);
        try
        {
            var attempt = Describe(context, workspace.Path, scratch) with
            {
                CommitAsync = async (message, ct) =>
                {
                    var committed = await workspace.CommitAsync(message, ct);
                    if (committed) await saver.TrySaveAsync(ct);
                    return committed;
                },
            };
            ExecutionResult result;
            await using (saver.Start())
            {
                await saver.TrySaveAsync(cancellation);
                result = await executor.RunAsync(attempt, cancellation);
            }

            await FinishAsync(context, workspace, saver, result, cancellation);
        }
        catch (OperationCanceledException)
        {
            // Whatever the executor had started is dead by now. With the lease lost the plane takes nothing more from us.
            var wip = context.StopCause == TaskStop.LeaseLost ? null : await saver.SaveLastAsync();
            context.Release(context.StopCause == TaskStop.Stopping ? "the agent was stopped" : null, wip);
            throw;
        }
        catch (Exception error) when (error is not LeaseLostException)
        {
            await saver.SaveLastAsync();
            if (HostTrouble.Of(error) is not { } trouble) throw;
            FailUnfit(context, trouble);
        }
        finally
        {
            if (await workspace.RemoveAsync(CancellationToken.None) is { } reason) notice($"{context.Task.Key}: {workspace.Path} is kept: {reason}");
        }
    }

    private async Task FinishAsync(TaskContext context, Workspace workspace, WorkSaver saver, ExecutionResult result, CancellationToken cancellation)
    {
        if (result.Ending != Ending.Ready)
        {
            HandIn(context, result, headSha: null, await saver.SaveLastAsync());
            return;
        }

        try
        {
            await Patience.WaitForRoomAsync(() => workspace.CommitAsync(CommitMessage(context.Task, result), cancellation), Tell, cancellation);
        }
        catch (WorkspaceException unfinished)
        {
            HandIn(context, ExecutionResult.Failed(unfinished.Message), headSha: null, await saver.SaveLastAsync());
            return;
        }

        if (!await workspace.HasWorkAsync(cancellation))
        {
            var failed = NeedsCommit(context.Task.Contract);
            HandIn(context, failed ? ExecutionResult.Failed("The agent made no change, and the task's contract asks for a commit.") : result, headSha: null, wipSha: null);
            return;
        }

        var head = await Patience.RetryAsync(() => workspace.PushBranchAsync(cancellation), notice, cancellation);
        HandIn(context, result, head, wipSha: null);

        void Tell(string text)
        {
            notice($"{context.Task.Key}: {text}");
            _ = context.LogAsync($"muster: {text}\n");
        }
    }

    private static void HandIn(TaskContext context, ExecutionResult result, string? headSha, string? wipSha)
    {
        switch (result.Ending)
        {
            case Ending.Ready:
                context.Complete(new CompleteAssignment { HeadSha = headSha, Summary = result.Summary, SpentHours = result.SpentHours, Evidence = result.Evidence, Lesson = result.Lesson });
                break;
            case Ending.Released:
                if (result.WaitFor is { } waitFor) context.ReleaseUntil(waitFor, result.Wait, result.Reason, wipSha);
                else context.Release(result.Reason, wipSha);
                break;
            default:
                context.Fail(result.Reason ?? "failed without a reason", result.Retry, result.Lesson);
                break;
        }
    }

    private Attempt Describe(TaskContext context, string folder, ScratchFolder scratch) => new()
    {
        Task = context.Task,
        Assignment = context.Assignment,
        Git = context.Git,
        Previous = context.Previous,
        Role = context.Role,
        Definition = RoleDefaults.Of(options.Agent.Definition!, context.Role?.Limits),
        Folder = folder,
        Scratch = scratch.Path,
        Marker = $"{options.Marker}/{context.Assignment.Id}",
        Gateway = new ModelAccess(muster.Options.Server, context.Lease),
        Model = options.Agent.Model ?? context.Role?.Route,
        Log = line => _ = context.LogAsync(line + "\n"),
        ReportProgressAsync = (percent, ct) => Patience.TolerateAsync(() => context.ReportProgressAsync(percent, ct: ct), notice),
        CommitAsync = (_, _) => Task.FromResult(false),
        StoreArtifactAsync = (name, content, type, ct) => context.StoreArtifactAsync(name, content, type, ct),
        CommentsAsync = ct => AttemptComments.ReadAsync(muster, context.Task.Key, ct),
        ReportUsageAsync = (usage, ct) => Patience.TolerateAsync(() => muster.CreateModelUsageAsync(usage, CallOptions.ForLease(context.Lease), ct), notice),
        CommentAsync = (text, ct) => AttemptComments.WriteAsync(muster, context, text, ct),
    };

    private static string CommitMessage(TaskInfo task, ExecutionResult result) =>
        string.IsNullOrWhiteSpace(result.Summary) ? task.Title : $"{task.Title}\n\n{result.Summary.Trim()}";

    // Every proof about a commit needs one.
    private static bool NeedsCommit(string contract) =>
        contract.Split('+', StringSplitOptions.TrimEntries).Any(item => item.Split('(')[0].Trim() is "commit" or "pr" or "test" or "build" or "deployment");
}
