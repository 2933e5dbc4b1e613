using System.Text.RegularExpressions;
using Muster.Contracts.Delivery;
using Muster.Runner.Git;
using Muster.Runner.Processes;
using Muster.Runner.Workspaces;

namespace Muster.Runner.Checks;

public sealed record CheckRequest
{
    public required string JobId { get; init; }
    public required string ProjectId { get; init; }
    public required string Sha { get; init; }
    public required CheckDefinition Check { get; init; }
    public required GitRemote Remote { get; init; }
}

/// <param name="Outcome"><c>passed</c>, <c>failed</c>, or <c>error</c> when it says nothing about the commit.</param>
/// <param name="ExitCode">Of the command, when it ran to its end.</param>
/// <param name="Detail">Why it did not pass, in a sentence.</param>
/// <param name="Output">Beginning and end of what the command wrote.</param>
public sealed record CheckResult(string Outcome, int? ExitCode, string? Detail, string Output);

/// <summary>Runs one check in a worktree of exactly one commit, which nobody has touched before and nobody uses after.</summary>
/// <param name="folders">The host's data folder.</param>
/// <param name="marker">The host's marker; each check's processes carry one below it.</param>
public sealed partial class CheckRunner(HostFolders folders, string marker)
{
    /// <exception cref="OperationCanceledException">Cancelled: its processes and its worktree are gone.</exception>
    public async Task<CheckResult> RunAsync(CheckRequest request, CancellationToken cancellation)
    {
        var path = Path.Combine(folders.Checks, HostFolders.PlainName(request.JobId));
        RepositoryCache? cache = null;
        try
        {
            cache = await RepositoryCache.OpenAsync(folders, request.ProjectId, cancellation);
            if (Directory.Exists(path)) await cache.RemoveWorktreeAsync(path, cancellation);
            await cache.FetchAsync(request.Remote, targetBranch: null, [request.Sha], cancellation);
            var worktree = await cache.AddWorktreeAsync(path, request.Sha, cancellation);
            if (await WhyNotCleanAsync(worktree, request.Sha, cancellation) is { } dirty) return Error(dirty);
            return await RunCommandAsync(request, path, cancellation);
        }
        catch (GitException error)
        {
            return Error($"The commit could not be brought here: {error.Message}");
        }
        finally
        {
            // A verdict stands also when its folder cannot be removed (files of another user, made in a container).
            if (cache is not null && FolderRemoval.TryDelete(path)) await cache.RemoveWorktreeAsync(path, CancellationToken.None);
        }
    }

    private async Task<CheckResult> RunCommandAsync(CheckRequest request, string path, CancellationToken cancellation)
    {
        using var scratch = new ScratchFolder(folders);
        var own = $"{marker}/check-{request.JobId}";
        var output = new BoundedOutput();
        var spec = new ProcessSpec
        {
            FileName = "/bin/sh",
            Arguments = ["-c", request.Check.Command],
            WorkingDirectory = path,
            Environment = ChildEnvironment.Create(own, [
                .. ChildEnvironment.Quiet,
                new("TMPDIR", scratch.Path),
                new("GIT_CEILING_DIRECTORIES", folders.Checks),
                new("MUSTER_CHECK", request.Check.Name),
                new("MUSTER_SHA", request.Sha),
            ]),
            OnLine = output.Add,
        };
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(TimeSpan.FromSeconds(request.Check.TimeoutSeconds));
        try
        {
            var exit = await ProcessGroup.RunAsync(spec, timeout.Token);
            return Judge(exit, output);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new CheckResult(JobState.Failed, null, $"It took longer than {request.Check.TimeoutSeconds} s and was ended. {output.LastLines(5)}".TrimEnd(), output.ToString());
        }
        catch (ProgramNotFoundException missing)
        {
            return Error(missing.Message);
        }
        finally
        {
            await MarkedProcesses.KillAsync(own);
        }
    }

    private static CheckResult Judge(ProcessExit exit, BoundedOutput output) => exit.Code switch
    {
        0 => new CheckResult(JobState.Passed, 0, null, output.ToString()),
        126 or 127 => new CheckResult(JobState.Error, exit.Code, MissingTool(exit.Code, output), output.ToString()),
        _ => new CheckResult(JobState.Failed, exit.Code, $"The command {exit}: {output.LastLines(5)}", output.ToString()),
    };

    // What the shell says: "sh: 1: frob: not found", "sh: frob: command not found", "sh: 1: ./x: Permission denied".
    private static string MissingTool(int code, BoundedOutput output)
    {
        var match = ShellComplaint().Match(output.ToString());
        var tool = match.Success ? match.Groups["tool"].Value : "a program that the command calls";
        return code == 127
            ? $"tool missing: {tool}. Install it on this host, or change the check's command; this says nothing about the commit."
            : $"tool missing: {tool} is there but cannot be executed on this host; this says nothing about the commit.";
    }

    private static async Task<string?> WhyNotCleanAsync(Worktree worktree, string sha, CancellationToken cancellation)
    {
        var head = await worktree.HeadAsync(cancellation);
        if (head != sha) return $"The worktree is at {head} rather than {sha}.";
        // Only what is not of the commit: a file that git would write with other line ends shows as changed right after its checkout.
        var foreign = (await worktree.ChangesAsync(cancellation)).FirstOrDefault(change => change.StartsWith("??", StringComparison.Ordinal));
        return foreign is null ? null : $"The worktree is not clean: {foreign}.";
    }

    private static CheckResult Error(string detail) => new(JobState.Error, null, detail, "");

    [GeneratedRegex(@"^(/bin/)?(ba|da|z)?sh: (line )?([0-9]+: )?(?<tool>[^\s:]+): (command )?(not found|Permission denied|cannot execute)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ShellComplaint();
}
