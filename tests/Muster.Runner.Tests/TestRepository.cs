using Muster.Contracts.Work;
using Muster.Runner.Git;
using Muster.Runner.Workspaces;

namespace Muster.Runner.Tests;

/// <summary>A bare repository in the place of the plane's, and a clone to fill it from.</summary>
internal sealed class TestRepository : IDisposable
{
    private static readonly KeyValuePair<string, string>[] Identity =
    [
        new("GIT_AUTHOR_NAME", "person"), new("GIT_AUTHOR_EMAIL", "person@example.invalid"),
        new("GIT_COMMITTER_NAME", "person"), new("GIT_COMMITTER_EMAIL", "person@example.invalid"),
    ];

    private readonly TempFolder _folder = new();

    public string Bare => Path.Combine(_folder.Path, "plane.git");

    private string Clone => Path.Combine(_folder.Path, "clone");

    public static async Task<TestRepository> CreateAsync(params (string Path, string Content)[] files)
    {
        var repository = new TestRepository();
        await GitProgram.RunAsync(repository._folder.Path, ["init", "--quiet", "--bare", "--initial-branch=main", repository.Bare], null, default);
        await GitProgram.RunAsync(repository._folder.Path, ["clone", "--quiet", repository.Bare, repository.Clone], null, default);
        await repository.CommitAsync("start", [("README.md", "hello\n"), .. files]);
        return repository;
    }

    /// <summary>A commit on main, pushed.</summary>
    public async Task<string> CommitAsync(string message, params (string Path, string Content)[] files)
    {
        foreach (var (path, content) in files)
        {
            var full = Path.Combine(Clone, path);
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            await File.WriteAllTextAsync(full, content);
        }

        await InCloneAsync("add", "--all");
        await InCloneAsync("commit", "--quiet", "--allow-empty", "-m", message);
        await InCloneAsync("push", "--quiet", "origin", "HEAD:main");
        return await InCloneAsync("rev-parse", "HEAD");
    }

    /// <summary>A submodule on main, at a commit of another repository. Returns that commit.</summary>
    public async Task<string> SubmoduleAsync(string path)
    {
        var commit = await HeadAsync();
        await InCloneAsync("update-index", "--add", "--cacheinfo", $"160000,{commit},{path}");
        await InCloneAsync("commit", "--quiet", "-m", "submodule");
        await InCloneAsync("push", "--quiet", "origin", "HEAD:main");
        return commit;
    }

    /// <summary>A repository whose configuration names a program for its files, as somebody sets a trap.</summary>
    public static async Task PlantAsync(string folder, string program)
    {
        await GitProgram.RunAsync(Path.GetTempPath(), ["init", "--quiet", folder], null, default);
        await File.WriteAllTextAsync(Path.Combine(folder, "code.txt"), "code\n");
        await File.WriteAllTextAsync(Path.Combine(folder, ".gitattributes"), "*.txt filter=trap\n");
        await GitProgram.RunAsync(folder, ["add", "--all"], null, default);
        await GitProgram.RunAsync(folder, ["commit", "--quiet", "-m", "inner"], new GitOptions { Environment = Identity }, default);
        await GitProgram.RunAsync(folder, ["config", "filter.trap.clean", program], null, default);
    }

    public Task<string> InBareAsync(params string[] arguments) => GitProgram.RunAsync(Bare, arguments, null, default);

    public Task<string> HeadAsync() => InBareAsync("rev-parse", "refs/heads/main");

    public async Task<WorkspaceRequest> RequestAsync(int epoch = 1, PreviousAttempt? previous = null, string agent = "ada") => new()
    {
        ProjectId = "project-1",
        TaskKey = "FLT-12",
        Epoch = epoch,
        AssignmentId = "assignment-1",
        Agent = agent,
        Remote = new GitRemote(Bare),
        Previous = previous,
        Git = new GitWork
        {
            Path = "/git/project-1.git",
            TargetBranch = "main",
            TargetSha = await HeadAsync(),
            Branch = $"agent/{agent}/flt-12-work",
            WipRef = $"refs/muster/wip/FLT-12/{epoch}",
        },
    };

    public void Dispose() => _folder.Dispose();

    private Task<string> InCloneAsync(params string[] arguments) => GitProgram.RunAsync(Clone, arguments, new GitOptions { Environment = Identity }, default);
}
