using Muster.Contracts;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Operations;
using Muster.Integrations.Git;

namespace Muster.ControlPlane.Tests.Delivery;

/// <summary>A repository that cannot be used is refused with what to do about it, and leaves nothing behind.</summary>
public sealed class RepositoryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("muster-repositories-").FullName;

    [Fact]
    public async Task Every_way_in_which_a_repository_cannot_be_read_is_explained()
    {
        var mirrors = Mirrors();
        var empty = Directory.CreateDirectory(Path.Combine(_folder, "empty")).FullName;
        await GitShell.RunAsync(empty, "init", "-q");
        var plain = Directory.CreateDirectory(Path.Combine(_folder, "plain")).FullName;
        var good = await MakeAsync("good");

        await RefusedAsync(mirrors, empty, null, ProblemCodes.RepositoryUnreachable, "first commit");
        await RefusedAsync(mirrors, plain, null, ProblemCodes.RepositoryUnreachable, "git init");
        await RefusedAsync(mirrors, Path.Combine(_folder, "nowhere"), null, ProblemCodes.RepositoryUnreachable, "no folder");
        await RefusedAsync(mirrors, good, "release", ProblemCodes.RepositoryUnreachable, "has no branch 'release'; it has trunk");
        await RefusedAsync(mirrors, good, "--force", ProblemCodes.RepositoryUnreachable, "has no branch '--force'");
        await RefusedAsync(mirrors, good, "a..b", ProblemCodes.Invalid, "");
        await RefusedAsync(mirrors, "some/where", null, ProblemCodes.Invalid, "full path");
        await RefusedAsync(mirrors, "--upload-pack=touch x", null, ProblemCodes.Invalid, "");
        await RefusedAsync(mirrors, "ext::sh -c touch% /tmp/x", null, ProblemCodes.Invalid, "");
        await RefusedAsync(mirrors, "http://127.0.0.1:1/x.git", null, ProblemCodes.RepositoryUnreachable, "git ls-remote");
    }

    [Fact]
    public async Task A_mirror_takes_the_default_branch_and_names_from_outside_stay_names()
    {
        var id = Guid.CreateVersion7().ToString("D");
        var mirrors = Mirrors();
        var made = await mirrors.CreateAsync(id, await MakeAsync("good"), null, default);
        Assert.Equal("trunk", made.TargetBranch);
        var repository = mirrors.Open(id)!;
        Assert.Equal(made.TargetSha, await repository.ResolveAsync("trunk", default));
        foreach (var name in (string[])["--all", "-h", "trunk\n--all", "", "HEAD:readme.md", "nonsense", new string('x', 5000), "$(id)"])
            Assert.Null(await repository.ResolveAsync(name, default));
        Assert.Equal("hello\n", await repository.ReadFileAsync(made.TargetSha, "readme.md", 100, default));
        Assert.Null(await repository.ReadFileAsync(made.TargetSha, "../readme.md", 100, default));
        await Assert.ThrowsAsync<Refusal>(() => repository.ReadFileAsync(made.TargetSha, "readme.md", 3, default));
        Assert.Equal(["readme.md"], await repository.ListFilesAsync(made.TargetSha, default));
    }

    [Fact]
    public async Task Refs_that_were_prepared_move_all_together_or_not_at_all()
    {
        var id = Guid.CreateVersion7().ToString("D");
        var mirrors = Mirrors();
        var sha = (await mirrors.CreateAsync(id, await MakeAsync("good"), null, default)).TargetSha;
        var repository = mirrors.Open(id)!;
        await using (var left = await repository.PrepareAsync([new RefChange("refs/heads/a", sha)], default))
        {
            // Locked meanwhile: nobody else can move it.
            await Assert.ThrowsAsync<RefMovedException>(() => repository.PrepareAsync([new RefChange("refs/heads/a", sha)], default));
        }

        Assert.Null(await repository.ResolveAsync("refs/heads/a", default));
        await Assert.ThrowsAsync<RefMovedException>(() => repository.PrepareAsync([new RefChange("refs/heads/b", sha), new RefChange("refs/heads/trunk", sha, new string('1', 40))], default));
        await Assert.ThrowsAsync<RefMovedException>(() => repository.PrepareAsync([new RefChange("refs/heads/x y", sha)], default));
        await using (var move = await repository.PrepareAsync([new RefChange("refs/heads/b", sha), new RefChange("refs/heads/c", sha)], default)) move.Commit();
        Assert.Equal(["refs/heads/b", "refs/heads/c", "refs/heads/trunk"], await repository.RefsAsync("refs/heads/", default));
        await repository.TidyAsync(default);
        Assert.Null(await mirrors.CheckAsync(default));
    }

    [Fact]
    public async Task A_git_that_is_missing_is_said_and_not_thrown() =>
        Assert.Contains("install git", await new GitRepositories(new GitOptions { Folder = Path.Combine(_folder, "m"), Program = "git-that-is-not-there" }).CheckAsync(default));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private GitRepositories Mirrors() => new(new GitOptions { Folder = Path.Combine(_folder, "mirrors") });

    private async Task<string> MakeAsync(string name)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        await GitShell.RunAsync(folder, "init", "-q", "-b", "trunk");
        await Forge.CommitAsync(folder, "readme.md", "hello\n");
        return folder;
    }

    private static async Task RefusedAsync(GitRepositories mirrors, string repository, string? target, string code, string says)
    {
        var id = Guid.CreateVersion7().ToString("D");
        var refusal = await Assert.ThrowsAsync<Refusal>(() => mirrors.CreateAsync(id, repository, target, default));
        Assert.Equal(code, refusal.Code);
        Assert.Contains(says, refusal.Message);
        Assert.Null(mirrors.Open(id));
    }
}
