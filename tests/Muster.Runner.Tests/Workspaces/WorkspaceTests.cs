using Muster.Contracts.Work;
using Muster.Runner.Git;
using Muster.Runner.Processes;
using Muster.Runner.Workspaces;

namespace Muster.Runner.Tests.Workspaces;

public sealed class WorkspaceTests : IDisposable
{
    private readonly TempFolder _data = new();

    private HostFolders Folders => new(_data.Path);

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task Half_done_work_is_saved_without_touching_branch_or_index_and_can_be_recovered()
    {
        using var plane = await TestRepository.CreateAsync(("src/a.txt", "a\n"));
        using var workspace = await WorkspaceOpener.OpenAsync(Folders, await plane.RequestAsync(), default);
        var head = await workspace.Worktree.HeadAsync(default);
        await File.WriteAllTextAsync(Path.Combine(workspace.Path, "src/a.txt"), "changed\n");
        await File.WriteAllTextAsync(Path.Combine(workspace.Path, "new.txt"), "new\n");

        var saved = await workspace.SaveAsync(default);

        Assert.Equal(saved, await plane.InBareAsync("rev-parse", "refs/muster/wip/FLT-12/1"));
        Assert.Equal("changed", await plane.InBareAsync("show", $"{saved}:src/a.txt"));
        Assert.Equal("new", await plane.InBareAsync("show", $"{saved}:new.txt"));
        Assert.Contains("Muster-Task: FLT-12", await plane.InBareAsync("log", "-1", "--format=%B", saved!), StringComparison.Ordinal);
        Assert.Equal(head, await workspace.Worktree.HeadAsync(default));
        Assert.Equal(["?? new.txt", " M src/a.txt"], (await workspace.Worktree.ChangesAsync(default)).Order(StringComparer.Ordinal).Reverse());
        Assert.Null(await workspace.SaveAsync(default));
    }

    [Fact]
    public async Task Left_edits_are_committed_with_trailers_and_pushed_to_the_assignments_branch()
    {
        using var plane = await TestRepository.CreateAsync();
        using var workspace = await WorkspaceOpener.OpenAsync(Folders, await plane.RequestAsync(), default);
        Assert.False(await workspace.HasWorkAsync(default));
        await File.WriteAllTextAsync(Path.Combine(workspace.Path, "new.txt"), "new\n");

        Assert.True(await workspace.CommitAsync("Add new.txt", default));
        Assert.False(await workspace.CommitAsync("Add new.txt", default));
        var head = await workspace.PushBranchAsync(default);

        Assert.True(await workspace.HasWorkAsync(default));
        Assert.Equal(head, await plane.InBareAsync("rev-parse", "refs/heads/agent/ada/flt-12-work"));
        Assert.Equal("ada <ada@muster.invalid>", await plane.InBareAsync("log", "-1", "--format=%an <%ae>", head));
        var trailers = await plane.InBareAsync("log", "-1", "--format=%(trailers:only)", head);
        Assert.Equal("Muster-Task: FLT-12\nMuster-Assignment: assignment-1\nMuster-Agent: ada", trailers.Trim());
        Assert.Null(await workspace.RemoveAsync(default));
        Assert.False(Directory.Exists(workspace.Path));
    }

    /// <summary>Work that was pushed is done, whatever becomes of the folder it was done in.</summary>
    [Fact]
    public async Task What_cannot_be_tidied_up_is_told_and_nothing_more()
    {
        using var plane = await TestRepository.CreateAsync();
        using var workspace = await WorkspaceOpener.OpenAsync(Folders, await plane.RequestAsync(), default);
        await File.WriteAllTextAsync(Path.Combine(workspace.Path, "new.txt"), "new\n");
        Assert.True(await workspace.CommitAsync("Add new.txt", default));
        await workspace.PushBranchAsync(default);
        // In the way of its bookkeeping, as a disk that is full or a folder that is somebody else's.
        if (Directory.Exists(Folders.Kept)) Directory.Delete(Folders.Kept);
        await File.WriteAllTextAsync(Folders.Kept, "");

        Assert.StartsWith("it cannot be removed now: ", await workspace.RemoveAsync(default), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Removal_is_refused_while_uncommitted_work_is_not_on_the_plane()
    {
        using var plane = await TestRepository.CreateAsync();
        using var workspace = await WorkspaceOpener.OpenAsync(Folders, await plane.RequestAsync(), default);
        await File.WriteAllTextAsync(Path.Combine(workspace.Path, "new.txt"), "new\n");

        Assert.Equal("it holds changes that are not on the plane", await workspace.RemoveAsync(default));
        Assert.True(File.Exists(Path.Combine(workspace.Path, "new.txt")));
        Assert.Contains("not on the plane", await File.ReadAllTextAsync(Path.Combine(Folders.Kept, "FLT-12-1.json")), StringComparison.Ordinal);

        await workspace.SaveAsync(default);
        Assert.Null(await workspace.RemoveAsync(default));
        Assert.False(File.Exists(Path.Combine(Folders.Kept, "FLT-12-1.json")));
    }

    [Fact]
    public async Task Removal_is_refused_while_a_commit_is_not_on_the_plane()
    {
        using var plane = await TestRepository.CreateAsync();
        using var workspace = await WorkspaceOpener.OpenAsync(Folders, await plane.RequestAsync(), default);
        await File.WriteAllTextAsync(Path.Combine(workspace.Path, "new.txt"), "new\n");
        await workspace.CommitAsync("Add", default);
        Directory.Move(plane.Bare, plane.Bare + ".away");
        await Assert.ThrowsAsync<GitException>(() => workspace.PushBranchAsync(default));

        Assert.StartsWith("commit ", await workspace.RemoveAsync(default), StringComparison.Ordinal);
        Assert.True(Directory.Exists(workspace.Path));
    }

    [Fact]
    public async Task Removal_is_refused_when_a_repository_was_made_inside_the_worktree()
    {
        using var plane = await TestRepository.CreateAsync();
        using var workspace = await WorkspaceOpener.OpenAsync(Folders, await plane.RequestAsync(), default);
        await GitProgram.RunAsync(workspace.Path, ["init", "--quiet", "inner"], null, default);
        await File.WriteAllTextAsync(Path.Combine(workspace.Path, "inner", "work.txt"), "work\n");
        await File.WriteAllTextAsync(Path.Combine(workspace.Path, "outer.txt"), "work\n");

        var saved = await workspace.SaveAsync(default);

        Assert.Equal("README.md\nouter.txt", await plane.InBareAsync("ls-tree", "--name-only", saved!));
        Assert.Contains("a repository inside", await workspace.RemoveAsync(default), StringComparison.Ordinal);
    }

    /// <summary>Its configuration is the agent's, and git runs the programs it names, on the host and outside of any sandbox.</summary>
    [Theory]
    [InlineData("README.md", false)]
    [InlineData("inner", false)]
    [InlineData("lib", true)]
    public async Task Git_never_works_in_a_repository_that_an_agent_put_inside_the_worktree(string name, bool submodule)
    {
        using var plane = await TestRepository.CreateAsync();
        if (submodule) await plane.SubmoduleAsync(name);
        using var proof = new TempFolder();
        var touched = Path.Combine(proof.Path, "touched");
        using var workspace = await WorkspaceOpener.OpenAsync(Folders, await plane.RequestAsync(), default);
        if (!submodule) File.Delete(Path.Combine(workspace.Path, name));
        var inner = Path.Combine(workspace.Path, name);
        await TestRepository.PlantAsync(inner, $"touch {touched}");

        for (var round = 1; round <= 2; round++)
        {
            await File.WriteAllTextAsync(Path.Combine(workspace.Path, $"{round}.txt"), "mine\n");
            File.SetLastWriteTimeUtc(Path.Combine(inner, "code.txt"), DateTime.UtcNow.AddMinutes(round));
            await workspace.SaveAsync(default);
            await workspace.Worktree.ChangesAsync(default);
            Assert.True(await workspace.CommitAsync("Mine", default));
        }

        var head = await workspace.PushBranchAsync(default);
        Assert.NotNull(await workspace.RemoveAsync(default));
        Assert.False(File.Exists(touched));
        Assert.True(File.Exists(Path.Combine(inner, "code.txt")));
        var entry = await plane.InBareAsync("ls-tree", head, "--", name);
        Assert.Equal(submodule, entry.StartsWith("160000 ", StringComparison.Ordinal));
        Assert.Equal("mine", await plane.InBareAsync("show", $"{head}:2.txt"));

        // That it would run: this is what is being kept away.
        await workspace.Worktree.TryAsync(["add", "--all"], default);
        await workspace.Worktree.TryAsync(["status"], default);
        Assert.True(File.Exists(touched));
    }

    [Fact]
    public async Task A_submodule_that_nobody_filled_stays_as_it_is_until_it_is_deleted()
    {
        using var plane = await TestRepository.CreateAsync();
        var commit = await plane.SubmoduleAsync("lib");
        using var workspace = await WorkspaceOpener.OpenAsync(Folders, await plane.RequestAsync(), default);
        await File.WriteAllTextAsync(Path.Combine(workspace.Path, "a.txt"), "a\n");
        Assert.True(await workspace.CommitAsync("Add a.txt", default));
        var head = await workspace.PushBranchAsync(default);
        Assert.StartsWith($"160000 commit {commit}", await plane.InBareAsync("ls-tree", head, "--", "lib"), StringComparison.Ordinal);

        // As a full disk leaves it in the middle of the next commit.
        await workspace.Worktree.RunAsync(["update-index", "--force-remove", "lib"], default);
        Assert.False(await workspace.CommitAsync("Nothing", default));

        await File.WriteAllTextAsync(Path.Combine(workspace.Path, "lib", "loose.txt"), "loose\n");
        Assert.False(await workspace.CommitAsync("Nothing", default));
        Assert.StartsWith("it holds files that git could not take in", await workspace.RemoveAsync(default), StringComparison.Ordinal);

        Directory.Delete(Path.Combine(workspace.Path, "lib"), recursive: true);
        Assert.True(await workspace.CommitAsync("Without lib", default));
        head = await workspace.PushBranchAsync(default);
        Assert.Equal("", await plane.InBareAsync("ls-tree", head, "--", "lib"));
        Assert.Null(await workspace.RemoveAsync(default));
    }

    [Fact]
    public async Task Hooks_and_filters_planted_in_the_repository_do_not_run()
    {
        using var plane = await TestRepository.CreateAsync((".gitattributes", "*.txt filter=evil\n"), ("hooks/pre-commit", "#!/bin/sh\ntouch hooked\n"));
        using var proof = new TempFolder();
        var touched = Path.Combine(proof.Path, "touched");
        using (var first = await WorkspaceOpener.OpenAsync(Folders, await plane.RequestAsync(), default))
        {
            // As a hijacked agent would: in the shared repository, which it can reach through its worktree.
            var cache = Path.Combine(Folders.Repositories, "project-1.git");
            Directory.CreateDirectory(Path.Combine(cache, "hooks"));
            foreach (var hook in new[] { "pre-commit", "post-checkout", "pre-push", "post-commit", "reference-transaction" })
            {
                var path = Path.Combine(cache, "hooks", hook);
                await File.WriteAllTextAsync(path, $"#!/bin/sh\ntouch {touched}\n");
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            }

            await File.AppendAllTextAsync(Path.Combine(cache, "config"), $"[filter \"evil\"]\n\tclean = touch {touched}\n\tsmudge = touch {touched}\n[core]\n\tfsmonitor = touch {touched}\n");
            await first.RemoveAsync(default);
        }

        using var workspace = await WorkspaceOpener.OpenAsync(Folders, await plane.RequestAsync(epoch: 2), default);
        await File.WriteAllTextAsync(Path.Combine(workspace.Path, "a.txt"), "a\n");
        await workspace.SaveAsync(default);
        await workspace.CommitAsync("Add a.txt", default);
        await workspace.PushBranchAsync(default);

        Assert.False(File.Exists(touched));
    }

    [Fact]
    public async Task Git_never_works_on_a_repository_above_when_the_link_to_ours_is_gone()
    {
        using var plane = await TestRepository.CreateAsync();
        await GitProgram.RunAsync(_data.Path, ["init", "--quiet"], null, default);
        using var workspace = await WorkspaceOpener.OpenAsync(Folders, await plane.RequestAsync(), default);
        File.Delete(Path.Combine(workspace.Path, ".git"));
        await File.WriteAllTextAsync(Path.Combine(workspace.Path, "a.txt"), "a\n");

        await workspace.CommitAsync("Add a.txt", default);
        var head = await workspace.PushBranchAsync(default);

        Assert.Equal("README.md\na.txt", await plane.InBareAsync("ls-tree", "--name-only", head));
        Assert.Null(await workspace.RemoveAsync(default));
    }

    [Fact]
    public async Task A_second_attempt_goes_on_from_the_head_handed_in_with_the_target_merged_in()
    {
        using var plane = await TestRepository.CreateAsync();
        var head = await HandInAsync(plane, "mine.txt", "mine\n");
        await plane.CommitAsync("meanwhile", ("theirs.txt", "theirs\n"));

        using var second = await WorkspaceOpener.OpenAsync(Folders, await plane.RequestAsync(2, Previous(head)), default);

        Assert.Equal(StartPoint.PreviousHead, second.Start);
        Assert.True(File.Exists(Path.Combine(second.Path, "mine.txt")));
        Assert.True(File.Exists(Path.Combine(second.Path, "theirs.txt")));
        Assert.Equal("agent/ada/flt-12-work", await second.Worktree.RunAsync(["branch", "--show-current"], default));
    }

    [Theory]
    [InlineData("died", true, StartPoint.SavedWork)]
    [InlineData("released", true, StartPoint.SavedWork)]
    [InlineData("failed", true, StartPoint.SavedWork)]
    [InlineData("revoked", true, StartPoint.Target)]
    [InlineData("died", false, StartPoint.Target)]
    public async Task An_attempt_goes_on_from_half_done_work_where_its_executor_can(string outcome, bool asked, StartPoint expected)
    {
        using var plane = await TestRepository.CreateAsync();
        string wip;
        using (var first = await WorkspaceOpener.OpenAsync(Folders, await plane.RequestAsync(), default))
        {
            await File.WriteAllTextAsync(Path.Combine(first.Path, "half.txt"), "half\n");
            await first.CommitAsync("First half", default);
            await File.WriteAllTextAsync(Path.Combine(first.Path, "more.txt"), "not committed\n");
            wip = (await first.SaveAsync(default))!;
        }

        await plane.CommitAsync("meanwhile", ("theirs.txt", "theirs\n"));
        var previous = new PreviousAttempt { Epoch = 1, Agent = "ada", Outcome = outcome, WipSha = wip, Continue = false };
        using var second = await WorkspaceOpener.OpenAsync(Folders, await plane.RequestAsync(2, previous) with { FromSavedWork = asked }, default);

        Assert.Equal(expected, second.Start);
        Assert.Equal(expected == StartPoint.SavedWork, File.Exists(Path.Combine(second.Path, "half.txt")) && File.Exists(Path.Combine(second.Path, "more.txt")));
        Assert.True(File.Exists(Path.Combine(second.Path, "theirs.txt")));
        Assert.Empty(await second.Worktree.ChangesAsync(default));
    }

    [Fact]
    public async Task A_second_attempt_starts_afresh_when_the_head_handed_in_conflicts_with_the_target()
    {
        using var plane = await TestRepository.CreateAsync();
        var head = await HandInAsync(plane, "same.txt", "mine\n");
        await plane.CommitAsync("meanwhile", ("same.txt", "theirs\n"));

        using var second = await WorkspaceOpener.OpenAsync(Folders, await plane.RequestAsync(2, Previous(head)), default);

        Assert.Equal(StartPoint.TargetInstead, second.Start);
        Assert.Equal("theirs\n", await File.ReadAllTextAsync(Path.Combine(second.Path, "same.txt")));
        Assert.Empty(await second.Worktree.ChangesAsync(default));
        Assert.False(await second.HasWorkAsync(default));
        // Named in the context, so it must be there to look at.
        Assert.Equal("mine", await second.Worktree.RunAsync(["show", $"{head}:same.txt"], default));
    }

    [Fact]
    public async Task An_older_worktree_keeps_its_commit_when_a_new_attempt_takes_the_branch()
    {
        using var plane = await TestRepository.CreateAsync();
        using var first = await WorkspaceOpener.OpenAsync(Folders, await plane.RequestAsync(), default);
        await File.WriteAllTextAsync(Path.Combine(first.Path, "a.txt"), "a\n");
        await first.CommitAsync("Add a.txt", default);
        var head = await first.Worktree.HeadAsync(default);

        using var second = await WorkspaceOpener.OpenAsync(Folders, await plane.RequestAsync(epoch: 2), default);

        Assert.Equal(head, await first.Worktree.HeadAsync(default));
        Assert.Empty(await first.Worktree.ChangesAsync(default));
        Assert.NotEqual(head, await second.Worktree.HeadAsync(default));
    }

    [Fact]
    public async Task A_merge_left_with_conflicts_is_not_committed()
    {
        using var plane = await TestRepository.CreateAsync(("same.txt", "start\n"));
        using var workspace = await WorkspaceOpener.OpenAsync(Folders, await plane.RequestAsync(), default);
        await File.WriteAllTextAsync(Path.Combine(workspace.Path, "same.txt"), "mine\n");
        await workspace.CommitAsync("mine", default);
        var theirs = await plane.CommitAsync("theirs", ("same.txt", "theirs\n"));
        await workspace.Worktree.TryAsync(["fetch", plane.Bare, theirs], default);
        await workspace.Worktree.TryAsync(["-c", "user.name=x", "-c", "user.email=x@y.invalid", "merge", theirs], default);

        var error = await Assert.ThrowsAsync<WorkspaceException>(() => workspace.CommitAsync("merged", default));
        Assert.Equal("A merge was left with conflicts in same.txt.", error.Message);
    }

    [Fact]
    public async Task What_a_crash_left_behind_goes_when_it_is_safe_and_old_and_stays_when_it_is_not_safe()
    {
        using var plane = await TestRepository.CreateAsync();
        string safe, unsafePath;
        using (var one = await WorkspaceOpener.OpenAsync(Folders, await plane.RequestAsync(epoch: 1), default))
        using (var two = await WorkspaceOpener.OpenAsync(Folders, await plane.RequestAsync(epoch: 2, agent: "bob"), default))
        {
            (safe, unsafePath) = (one.Path, two.Path);
            await File.WriteAllTextAsync(Path.Combine(safe, "a.txt"), "a\n");
            await one.SaveAsync(default);
            await File.WriteAllTextAsync(Path.Combine(unsafePath, "a.txt"), "a\n");
            Assert.Empty(await WorkspaceKeeper.SweepAsync(Folders, new KeepPolicy { MaxAge = TimeSpan.Zero }, TimeProvider.System, default));
            Assert.True(Directory.Exists(safe));
        }

        await WorkspaceKeeper.SweepAsync(Folders, new KeepPolicy(), TimeProvider.System, default);
        Assert.True(Directory.Exists(safe));
        var notes = await WorkspaceKeeper.SweepAsync(Folders, new KeepPolicy { MaxAge = TimeSpan.Zero }, TimeProvider.System, default);

        Assert.False(Directory.Exists(safe));
        Assert.True(Directory.Exists(unsafePath));
        Assert.Equal(unsafePath, Assert.Single(notes).Path);
    }

    [Fact]
    public async Task A_removal_that_was_cut_short_is_finished_and_a_broken_clone_stops_nobody_elses()
    {
        using var plane = await TestRepository.CreateAsync(("src/a.txt", "a\n"));
        string half, broken;
        using (var one = await WorkspaceOpener.OpenAsync(Folders, await plane.RequestAsync(epoch: 1), default))
        using (var two = await WorkspaceOpener.OpenAsync(Folders, await plane.RequestAsync(epoch: 2) with { ProjectId = "project-2" }, default))
        {
            (half, broken) = (one.Path, two.Path);
        }

        // As a kill in the middle of the removal leaves it: what is gone looks like a deletion that nobody pushed.
        File.Delete(Path.Combine(half, "src/a.txt"));
        var clone = Path.Combine(Folders.Repositories, "project-2.git");
        Directory.Move(clone, clone + ".away");
        await File.WriteAllTextAsync(clone, "");
        Directory.SetLastWriteTimeUtc(broken, DateTime.UtcNow.AddMinutes(1));
        var notes = await WorkspaceKeeper.SweepAsync(Folders, new KeepPolicy(), TimeProvider.System, default);
        Assert.Equal([broken, half], notes.Select(note => note.Path));
        Assert.StartsWith("it cannot be removed now: ", notes[0].Reason, StringComparison.Ordinal);

        var record = await File.ReadAllTextAsync(half + ".json");
        await File.WriteAllTextAsync(half + ".json", record.Replace("\"removing\": false", "\"removing\": true", StringComparison.Ordinal));
        notes = await WorkspaceKeeper.SweepAsync(Folders, new KeepPolicy(), TimeProvider.System, default);
        Assert.Equal(broken, Assert.Single(notes).Path);
        Assert.False(Directory.Exists(half));
        Assert.False(File.Exists(half + ".json"));
    }

    [Fact]
    public async Task Locks_that_a_killed_git_left_do_not_stop_the_next_attempt()
    {
        using var plane = await TestRepository.CreateAsync();
        using (var first = await WorkspaceOpener.OpenAsync(Folders, await plane.RequestAsync(), default)) await first.RemoveAsync(default);
        var cache = Path.Combine(Folders.Repositories, "project-1.git");
        await File.WriteAllTextAsync(Path.Combine(cache, "refs/remotes/plane/main.lock"), "");
        await File.WriteAllTextAsync(Path.Combine(cache, "refs/heads/agent/ada/flt-12-work.lock"), "");
        await plane.CommitAsync("next");

        using var second = await WorkspaceOpener.OpenAsync(Folders, await plane.RequestAsync(epoch: 2), default);

        Assert.Equal(await plane.HeadAsync(), await second.Worktree.HeadAsync(default));
    }

    [Fact]
    public async Task Several_attempts_open_at_once_on_one_cache()
    {
        using var plane = await TestRepository.CreateAsync();
        var requests = await Task.WhenAll(Enumerable.Range(1, 6).Select(i => plane.RequestAsync(i, agent: $"agent-{i}")));
        var opened = await Task.WhenAll(requests.Select(request => WorkspaceOpener.OpenAsync(Folders, request, default)));
        Assert.Equal(6, opened.Select(workspace => workspace.Path).Distinct(StringComparer.Ordinal).Count());
        foreach (var workspace in opened)
        {
            Assert.Null(await workspace.RemoveAsync(default));
            workspace.Dispose();
        }
    }

    [Fact]
    public void The_lease_is_neither_printed_nor_on_a_command_line()
    {
        var remote = new GitRemote("http://127.0.0.1:7717/git/x.git", "mls_secret");
        Assert.DoesNotContain("mls_secret", remote.ToString(), StringComparison.Ordinal);
        Assert.Contains(remote.Configuration(), pair => pair.Key == "http.http://127.0.0.1:7717/git/x.git.extraHeader");
        Assert.Contains(GitProgram.SafeConfiguration, pair => pair == ("core.hooksPath", "/dev/null"));
    }

    [Fact]
    public async Task An_unreachable_server_is_told_from_other_failures()
    {
        using var plane = await TestRepository.CreateAsync();
        var request = await plane.RequestAsync() with { Remote = new GitRemote("http://127.0.0.1:1/git/x.git", "mls_secret") };
        var error = await Assert.ThrowsAsync<GitException>(() => WorkspaceOpener.OpenAsync(Folders, request, default));
        Assert.Equal(GitFailure.Unreachable, error.Failure);
        Assert.DoesNotContain("mls_secret", error.Message, StringComparison.Ordinal);
    }

    private async Task<string> HandInAsync(TestRepository plane, string file, string content)
    {
        using var first = await WorkspaceOpener.OpenAsync(Folders, await plane.RequestAsync(), default);
        await File.WriteAllTextAsync(Path.Combine(first.Path, file), content);
        await first.CommitAsync("Add " + file, default);
        var head = await first.PushBranchAsync(default);
        Assert.Null(await first.RemoveAsync(default));
        return head;
    }

    private static PreviousAttempt Previous(string head) => new() { Epoch = 1, Agent = "ada", Outcome = "check_failed", HeadSha = head, Continue = true };
}
