using System.Globalization;
using Muster.Runner.Git;
using Muster.Runner.Processes;
using Muster.Runner.Workspaces;

namespace Muster.Runner.Deployments;

/// <summary>The built files of one commit for one environment; kept so that going back, and starting again, need no build.</summary>
internal sealed class ReleaseFolder(HostFolders folders, DeployRequest request, string marker)
{
    private const int ReleasesKept = 3;
    private static readonly TimeSpan BuildTime = TimeSpan.FromMinutes(30);

    private readonly string _environment = System.IO.Path.Combine(
        folders.Releases, HostFolders.PlainName(request.ProjectId), HostFolders.PlainName(request.Definition.Environment));

    public string Path => System.IO.Path.Combine(_environment, CommitId.Require(request.Sha));

    // Beside the folder, not in it: the version's own processes write there.
    private string DoneMark => Path + ".built";

    /// <returns>Null when the release is ready; else why it is not, and whether that is the commit's fault.</returns>
    public async Task<(string Reason, bool Commit)?> PrepareAsync(BoundedOutput output, CancellationToken cancellation)
    {
        if (IsBuilt()) return null;
        if (request.Remote is null) return ($"the release {request.Sha} is no longer on this host; deploy it again", false);
        FolderRemoval.Delete(Path);
        Directory.CreateDirectory(Path);
        try
        {
            await CheckOutAsync(cancellation);
        }
        catch (GitException error)
        {
            return ($"the commit could not be brought here: {error.Message}", false);
        }

        if (await BuildAsync(output, cancellation) is { } failed) return (failed, true);
        await File.WriteAllTextAsync(DoneMark, BuildKey(), cancellation);
        return null;
    }

    /// <summary>Keeps the newest releases of the environment and the one that serves.</summary>
    public void Prune()
    {
        var old = new DirectoryInfo(_environment).EnumerateDirectories()
            .Where(folder => folder.FullName != Path)
            .OrderByDescending(folder => folder.CreationTimeUtc)
            .Skip(ReleasesKept - 1);
        foreach (var folder in old)
        {
            File.Delete(folder.FullName + ".built");
            FolderRemoval.Delete(folder.FullName);
        }
    }

    // Built by another command it is another release.
    private string BuildKey() => request.Definition.Build ?? "";

    private bool IsBuilt() => Directory.Exists(Path) && File.Exists(DoneMark) && File.ReadAllText(DoneMark) == BuildKey();

    private async Task CheckOutAsync(CancellationToken cancellation)
    {
        var cache = await RepositoryCache.OpenAsync(folders, request.ProjectId, cancellation);
        await cache.FetchAsync(request.Remote!, targetBranch: null, [request.Sha], cancellation);
        var index = Path + ".index";
        try
        {
            var options = new GitOptions
            {
                Environment = [new("GIT_INDEX_FILE", index), new("GIT_DIR", cache.Path), new("GIT_WORK_TREE", Path)],
                Timeout = TimeSpan.FromMinutes(10),
                Marker = folders.GitMarker,
            };
            await GitProgram.RunAsync(Path, ["read-tree", request.Sha], options, cancellation);
            await GitProgram.RunAsync(Path, ["checkout-index", "--all", "--force", "--quiet"], options, cancellation);
        }
        finally
        {
            File.Delete(index);
        }
    }

    private async Task<string?> BuildAsync(BoundedOutput output, CancellationToken cancellation)
    {
        if (string.IsNullOrWhiteSpace(request.Definition.Build)) return null;
        using var scratch = new ScratchFolder(folders);
        var own = $"{marker}/build-{request.Sha}";
        var spec = new ProcessSpec
        {
            FileName = "/bin/sh",
            Arguments = ["-c", request.Definition.Build],
            WorkingDirectory = Path,
            Environment = ChildEnvironment.Create(own, [
                .. ChildEnvironment.Quiet,
                new("TMPDIR", scratch.Path),
                new("GIT_CEILING_DIRECTORIES", _environment),
                .. InstanceEnvironment(request),
            ]),
            OnLine = output.Add,
        };
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(BuildTime);
        try
        {
            var exit = await ProcessGroup.RunAsync(spec, timeout.Token);
            return exit.Code == 0 ? null : $"the build {exit}: {output.LastLines(5)}";
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return string.Create(CultureInfo.InvariantCulture, $"the build took longer than {BuildTime.TotalMinutes} minutes");
        }
        finally
        {
            await MarkedProcesses.KillAsync(own);
        }
    }

    public static IEnumerable<KeyValuePair<string, string>> InstanceEnvironment(DeployRequest request) =>
        [new("MUSTER_ENVIRONMENT", request.Definition.Environment), new("MUSTER_SHA", request.Sha)];
}
