using System.Diagnostics;
using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Muster.Contracts;
using Muster.Contracts.Security;
using Muster.Contracts.Work;
using Muster.ControlPlane.Security;

namespace Muster.ControlPlane.Tests.Delivery;

/// <summary>A lease opens its own branch and nothing else, for exactly as long as it is current (C4, D4).</summary>
[Trait("req", "C6")]
public sealed class PushTests
{
    [Fact]
    public async Task An_assignment_pushes_its_own_branch_and_wip_ref_and_nothing_else()
    {
        await using var forge = await Forge.StartAsync(host: false);
        var task = await forge.ClaimAsync("ada");
        var other = await forge.ClaimAsync("bob", "Another thing");
        var folder = await forge.CloneAsync(task);
        var head = await Forge.CommitAsync(folder, "a.txt", "one\n");
        var before = await forge.MirrorAsync("for-each-ref");

        string[] foreign =
        [
            "HEAD:refs/heads/main", $"HEAD:refs/heads/{other.Git!.Branch}", "HEAD:refs/heads/agent/ada/flt-2-another-thing", "HEAD:refs/heads/agent/ada/flt-11-x",
            "HEAD:refs/heads/topic", "HEAD:refs/tags/v1", $"HEAD:{other.Git.WipRef}", "HEAD:refs/muster/wip/FLT-1/2", "HEAD:refs/muster/queue/x", "HEAD:refs/replace/" + head,
            "HEAD:refs/namespaces/x/refs/heads/main", "HEAD:refs/heads/agent/ada/flt-1-UPPER", ":refs/heads/main", $"HEAD:refs/heads/{task.Git!.Branch}/below",
        ];
        foreach (var spec in foreign)
        {
            var (code, output) = await GitShell.TryAsync(folder, task.Lease, "push", "--force", forge.Remote(task), spec);
            Assert.True(code != 0, spec + ": " + output);
            // Beside one that is allowed, neither moves.
            (code, output) = await GitShell.TryAsync(folder, task.Lease, "push", "--force", forge.Remote(task), $"HEAD:refs/heads/{task.Git.Branch}", spec);
            Assert.True(code != 0, spec + ": " + output);
        }

        Assert.Equal(before, await forge.MirrorAsync("for-each-ref"));
        await GitShell.RunAsync(folder, task.Lease, ["push", "-q", forge.Remote(task), $"HEAD:refs/heads/{task.Git.Branch}", $"HEAD:{task.Git.WipRef}"]);
        Assert.Equal(head, await forge.MirrorAsync("rev-parse", "refs/heads/" + task.Git.Branch));
        Assert.Equal(head, await forge.MirrorAsync("rev-parse", task.Git.WipRef));
        Assert.Equal("", await forge.MirrorAsync("for-each-ref", "refs/namespaces"));
        var read = await forge.Plane.ReadTaskAsync(task.Task.Key);
        Assert.Equal((task.Git.Branch, head), (read.Branch, read.HeadSha));

        // Its own branch it may rewrite; and whoever comes after fetches its work by the commit alone.
        await GitShell.RunAsync(folder, "commit", "-q", "--amend", "-m", "Rewritten");
        await GitShell.RunAsync(folder, task.Lease, ["push", "-q", "--force", forge.Remote(task), $"HEAD:refs/heads/{task.Git.Branch}"]);
        await GitShell.RunAsync(await forge.CloneAsync(other), other.Lease, ["fetch", "-q", forge.Remote(other), head]);
    }

    [Fact]
    public async Task A_lease_lost_in_the_middle_of_an_upload_moves_no_ref()
    {
        await using var forge = await Forge.StartAsync(host: false);
        var task = await forge.ClaimAsync("zombie");
        var folder = await forge.CloneAsync(task);
        var head = await Forge.CommitAsync(folder, "a.txt", string.Concat(Enumerable.Range(0, 20_000).Select(i => $"{i * 7919L}\n")));
        var pack = await GitShell.BytesAsync(folder, $"{head}\n^origin/main\n", "pack-objects", "--revs", "--stdout", "-q");
        var command = $"{new string('0', 40)} {head} refs/heads/{task.Git!.Branch}\0 report-status side-band-64k";
        byte[] body = [.. Encoding.ASCII.GetBytes((command.Length + 4).ToString("x4") + command + "0000"), .. pack];

        using var content = new HalvedContent(body);
        using var request = new HttpRequestMessage(HttpMethod.Post, forge.Remote(task) + "/git-receive-pack") { Content = content };
        request.Headers.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("x:" + task.Lease)));
        content.Headers.ContentType = new("application/x-git-receive-pack-request");
        using var client = new HttpClient();
        var sending = client.SendAsync(request);
        await content.Half;
        // Let in at the door and unpacking: git keeps what comes apart until all of it has come.
        var door = Stopwatch.StartNew();
        while (Directory.GetDirectories(Path.Combine(forge.Mirror, "objects"), "tmp_objdir-incoming-*").Length == 0)
        {
            Assert.True(door.Elapsed < TimeSpan.FromSeconds(30) && !sending.IsCompleted, "The upload was not let in.");
            await Task.Delay(20);
        }

        await forge.Plane.PassAsync(TimeSpan.FromSeconds(61));
        content.GoOn();
        using var response = await sending;
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains($"ng refs/heads/{task.Git.Branch} lease_lost", await response.Content.ReadAsStringAsync());
        Assert.Equal("", await forge.MirrorAsync("for-each-ref", "refs/heads/agent", "refs/namespaces", "refs/muster"));

        // Asked again it is refused at the door; its successor is undisturbed.
        var (code, output) = await GitShell.TryAsync(folder, task.Lease, "push", forge.Remote(task), $"HEAD:refs/heads/{task.Git.Branch}");
        Assert.True(code != 0 && output.Contains("409", StringComparison.Ordinal), output);
        await forge.Plane.BeatAsync("next");
        var successor = Assert.Single(await forge.Plane.ClaimAsync("next"));
        await forge.WorkAsync(successor, "a.txt", "two\n");
    }

    [Fact]
    public async Task Who_may_read_reads_and_nobody_else_learns_anything()
    {
        await using var forge = await Forge.StartAsync(host: false);
        var task = await forge.ClaimAsync("ada");
        var url = forge.Remote(task);
        var tokens = forge.Plane.Services.GetRequiredService<TokenDirectory>();
        var agent = (await tokens.CreateAsync("ada", Scopes.Agent, task.Assignment.AgentId, null, default)).Secret;
        var viewer = (await tokens.CreateAsync("eve", Scopes.Viewer, null, null, default)).Secret;

        Assert.Equal(0, (await GitShell.TryAsync(forge.Folder, forge.Plane.OwnerToken, "ls-remote", url)).Code);
        Assert.Equal(0, (await GitShell.TryAsync(forge.Folder, viewer, "ls-remote", url)).Code);
        Assert.NotEqual(0, (await GitShell.TryAsync(forge.Folder, agent, "ls-remote", url)).Code);
        Assert.NotEqual(0, (await GitShell.TryAsync(forge.Folder, null, "ls-remote", url)).Code);
        Assert.NotEqual(0, (await GitShell.TryAsync(forge.Folder, "mls_nonsense", "ls-remote", url)).Code);
        var folder = await forge.CloneAsync(task);
        Assert.NotEqual(0, (await GitShell.TryAsync(folder, forge.Plane.OwnerToken, "push", url, $"HEAD:refs/heads/{task.Git!.Branch}")).Code);

        using var client = new HttpClient();
        foreach (var path in (string[])["/HEAD", "/objects/info/packs", "/config", "/info/refs", "/info/refs?service=git-upload-archive", "/../../muster.db"])
        {
            using var response = await client.GetAsync(url + path);
            Assert.False(response.IsSuccessStatusCode, path);
        }

        using var anonymous = await client.GetAsync(url + "/info/refs?service=git-upload-pack");
        Assert.Equal(HttpStatusCode.Unauthorized, anonymous.StatusCode);
        Assert.Contains("Basic", anonymous.Headers.WwwAuthenticate.ToString());
    }

    [Fact]
    public async Task A_push_over_the_limit_is_refused_and_leaves_nothing()
    {
        await using var forge = await Forge.StartAsync(host: false, options: o => o.MaxPushBytes = 4096);
        var task = await forge.ClaimAsync("ada");
        var folder = await forge.CloneAsync(task);
        var noise = new byte[200_000];
        new Random(7).NextBytes(noise);
        await Forge.CommitAsync(folder, "noise.txt", Convert.ToBase64String(noise));
        var (code, output) = await GitShell.TryAsync(folder, task.Lease, "push", forge.Remote(task), $"HEAD:refs/heads/{task.Git!.Branch}");
        Assert.True(code != 0, output);
        Assert.Equal("", await forge.MirrorAsync("for-each-ref", "refs/heads/agent"));
    }

    [Fact]
    public async Task Hooks_planted_in_a_mirror_never_run()
    {
        await using var forge = await Forge.StartAsync();
        var marker = Path.Combine(forge.Folder, "pwned");
        foreach (var folder in (string[])[forge.Mirror, Path.Combine(forge.Data, "projects", "hooks")])
        {
            var hooks = Path.Combine(folder, "hooks");
            Directory.CreateDirectory(hooks);
            foreach (var name in (string[])["pre-receive", "update", "post-receive", "post-update", "reference-transaction", "pre-push", "post-merge", "commit-msg", "proc-receive"])
            {
                var file = Path.Combine(hooks, name);
                await File.WriteAllTextAsync(file, $"#!/bin/sh\ntouch '{marker}'\n");
                if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, (UnixFileMode)0b111_101_101);
            }
        }

        var task = await forge.ClaimAsync("ada");
        await forge.HandInAsync(task, "a.txt", "one\n");
        await forge.UntilStatusAsync(task.Task.Key, TaskState.Done);
        Assert.False(File.Exists(marker));
    }

    [Theory]
    [InlineData("--upload-pack=touch pwned; \n$(reboot) `id`")]
    [InlineData("-c core.editor=x\r\n\r\nMuster-Task: FLT-99")]
    [InlineData("../../../etc/passwd .lock @{u} ~^:?*[\\")]
    [InlineData("日本語のタイトル")]
    public async Task Titles_and_file_names_that_look_like_something_else_are_only_text(string title)
    {
        await using var forge = await Forge.StartAsync();
        var task = await forge.ClaimAsync("ada", title.ReplaceLineEndings(" "), description: title);
        var folder = await forge.CloneAsync(task);
        foreach (var file in (string[])["--help", "-rf", "a b\tc", "quote\"and'and$(x)", "new\nline", "ünïcode", ":colon"]) await File.WriteAllTextAsync(Path.Combine(folder, file), "x\n");
        await GitShell.RunAsync(folder, "add", "-A");
        await GitShell.RunAsync(folder, "commit", "-q", "-m", title);
        await GitShell.RunAsync(folder, task.Lease, ["push", "-q", forge.Remote(task), $"HEAD:refs/heads/{task.Git!.Branch}"]);
        await forge.CompleteAsync(task, await GitShell.RunAsync(folder, "rev-parse", "HEAD"));
        await forge.UntilStatusAsync(task.Task.Key, TaskState.Done);
        Assert.Equal(7, (await forge.PullAsync("FLT!1")).FilesChanged);
        Assert.Equal("FLT-1", await forge.MirrorAsync("log", "-1", "--format=%(trailers:key=Muster-Task,valueonly)", "main"));
        Assert.Contains("quote", (await forge.Plane.GetAsync<Contracts.Delivery.DiffText>(Routes.With(Routes.PullDiff, "FLT!1"))).Diff);
    }

    /// <summary>Sends half of a body, says so, and waits before it sends the rest.</summary>
    private sealed class HalvedContent(byte[] body) : HttpContent
    {
        private readonly TaskCompletionSource _half = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Half => _half.Task;

        public void GoOn() => _goOn.SetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(body.AsMemory(0, body.Length / 2));
            await stream.FlushAsync();
            _half.SetResult();
            await _goOn.Task;
            await stream.WriteAsync(body.AsMemory(body.Length / 2));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = body.Length;
            return true;
        }
    }
}
