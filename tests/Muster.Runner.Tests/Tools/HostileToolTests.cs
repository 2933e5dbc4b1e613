using System.Net;
using System.Net.Sockets;
using Muster.Contracts.Tools;
using Muster.Runner.Processes;
using Muster.Runner.Sandbox;
using Muster.Runner.Tools;

namespace Muster.Runner.Tests.Tools;

/// <summary>Tools that try to reach further than they said: nothing comes of it, and no secret comes out (B6, A10).</summary>
[Trait("req", "B6")]
public sealed class HostileToolTests
{
    private const string Said = "import json,sys\ndef say(text):\n    print(json.dumps({'said': str(text)}))\n";

    [Theory]
    [InlineData(ToolLanguages.Shell, "read -r line; printf '{\"said\":\"hello\"}'")]
    [InlineData(ToolLanguages.Python, "import json,sys\njson.load(sys.stdin)\nprint(json.dumps({'said':'hello'}))")]
    [InlineData(ToolLanguages.CSharp, "using System.Text.Json;\nJsonDocument.Parse(Console.In.ReadToEnd());\nConsole.WriteLine(\"{\\\"said\\\":\\\"hello\\\"}\");")]
    public async Task A_tool_of_each_language_passes_its_tests(string language, string source)
    {
        using var stage = await ToolBenchStage.StartAsync();
        var package = ToolBenchStage.Package(language, source);
        var result = Assert.Single(await new ToolTests(stage.Bench).RunAsync(package, ToolHash.Of(package), CancellationToken.None));
        Assert.True(result.Passed, result.Detail);
        var broken = package with { Source = language == ToolLanguages.CSharp ? "this is no program" : "exit 3 (" };
        Assert.False(Assert.Single(await new ToolTests(stage.Bench).RunAsync(broken, ToolHash.Of(broken), CancellationToken.None)).Passed);
    }

    [Fact]
    public async Task It_finds_no_secret_of_the_machine_and_leaves_no_trace()
    {
        using var stage = await ToolBenchStage.StartAsync();
        using var outside = new TempFolder();
        var canary = "CANARY" + Guid.NewGuid().ToString("n");
        var file = outside.File("canary.txt", canary);
        var home = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), $".muster-canary-{Guid.NewGuid():n}");
        await File.WriteAllTextAsync(home, canary);
        Environment.SetEnvironmentVariable("MUSTER_CANARY_TOKEN", canary);
        stage.Workspace.File("kept.txt", canary);
        try
        {
            var outcome = await stage.RunAsync(ToolLanguages.Python, Said + $$"""
                import os, glob
                found = [dict(os.environ)]
                for path in ['{{file}}', '{{home}}', '/etc/shadow', '/etc/passwd', '/proc/1/environ', '/workspace/kept.txt', *glob.glob('/root/*'), *glob.glob('/home/*/.*'), *glob.glob('/proc/*/environ'), *glob.glob('/tmp/*/*')]:
                    try:
                        found.append(open(path, 'rb').read()[:500])
                    except OSError as e:
                        pass
                for path in ['{{file}}', '{{home}}', '/tool/tool.py', '/usr/escaped', '/etc/escaped', '/workspace/escaped', '/escaped']:
                    try:
                        open(path, 'w').write('escaped'); found.append('WROTE ' + path)
                    except OSError:
                        pass
                say(found)
                """);
            Assert.Equal(ToolOutcomes.Ok, outcome.Outcome);
            var said = outcome.Output!.Value.GetProperty("said").GetString()!;
            Assert.DoesNotContain(canary, said, StringComparison.Ordinal);
            Assert.DoesNotContain("WROTE", said, StringComparison.Ordinal);
            Assert.DoesNotContain("root:", said, StringComparison.Ordinal);
            Assert.Equal((canary, canary), (await File.ReadAllTextAsync(file), await File.ReadAllTextAsync(home)));
        }
        finally
        {
            Environment.SetEnvironmentVariable("MUSTER_CANARY_TOKEN", null);
            File.Delete(home);
        }
    }

    [Fact]
    public async Task It_reaches_no_network_and_no_process_of_the_machine()
    {
        using var stage = await ToolBenchStage.StartAsync();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var outcome = await stage.RunAsync(ToolLanguages.Python, Said + $$"""
            import os, socket, signal
            tried = []
            for address in [('127.0.0.1', {{((IPEndPoint)listener.LocalEndpoint).Port}}), ('169.254.169.254', 80), ('1.1.1.1', 53)]:
                try:
                    socket.create_connection(address, timeout=2); tried.append('REACHED')
                except OSError:
                    pass
            for pid in [{{Environment.ProcessId}}, os.getppid()]:
                try:
                    os.kill(pid, 0)
                    if pid != os.getppid(): tried.append('SIGNALLED')
                except OSError:
                    pass
            say(tried)
            """);
        Assert.Equal("[]", outcome.Output!.Value.GetProperty("said").GetString());
        Assert.False(listener.Pending());
    }

    [Fact]
    public async Task It_starts_only_the_programs_it_asked_for()
    {
        using var stage = await ToolBenchStage.StartAsync();
        const string Git = "if git --version >/dev/null 2>&1; then echo '{\"said\":\"git\"}'; else echo '{\"said\":\"none\"}'; fi";
        Assert.Equal("none", (await stage.RunAsync(ToolLanguages.Shell, Git)).Output!.Value.GetProperty("said").GetString());
        Assert.Equal("git", (await stage.RunAsync(ToolLanguages.Shell, Git, change: manifest => manifest with { Permissions = new ToolPermissions { Programs = ["git"] } })).Output!.Value.GetProperty("said").GetString());
        var missing = await Assert.ThrowsAsync<ToolRefusedException>(() => stage.RunAsync(ToolLanguages.Shell, Git, change: manifest => manifest with { Permissions = new ToolPermissions { Programs = ["no-such-program"] } }));
        Assert.Contains("no-such-program", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_sees_the_workspace_as_far_as_it_may()
    {
        using var stage = await ToolBenchStage.StartAsync();
        stage.Workspace.File("a.txt", "found");
        stage.Workspace.File(".git", "gitdir: elsewhere");
        const string Look = "w=no; (echo x > b.txt) 2>/dev/null && w=yes; g=no; (echo x > .git) 2>/dev/null && g=yes; printf '{\"said\":\"%s %s %s\"}' \"$(cat a.txt 2>/dev/null)\" $w $g";
        async Task<string?> WithAsync(string files) => (await stage.RunAsync(ToolLanguages.Shell, Look, change: manifest => manifest with { Permissions = new ToolPermissions { Files = files } })).Output?.GetProperty("said").GetString();

        Assert.Equal(" yes yes", await WithAsync(ToolFiles.None));
        Assert.False(File.Exists(Path.Combine(stage.Workspace.Path, "b.txt")));
        Assert.Equal("found no no", await WithAsync(ToolFiles.Read));
        Assert.Equal("found yes no", await WithAsync(ToolFiles.Write));
        Assert.True(File.Exists(Path.Combine(stage.Workspace.Path, "b.txt")));
    }

    [Theory]
    [InlineData("yes '{\"said\":\"more\"}'", ToolOutcomes.BadOutput, "wrote more than")]
    [InlineData("yes | tr -d '\\n'", ToolOutcomes.BadOutput, "wrote more than")]
    [InlineData("sleep 600", ToolOutcomes.Limit, "took longer than")]
    [InlineData("while :; do :; done", ToolOutcomes.Limit, "took longer than")]
    [InlineData("sleep 600 & sleep 600 & printf '{\"said\":\"left two behind\"}'", ToolOutcomes.Ok, null)]
    [InlineData("i=0; while [ $i -lt 400 ]; do sleep 600 & i=$((i+1)); done; wait", ToolOutcomes.Limit, null)]
    [InlineData("head -c 2000000000 /dev/zero | tail", ToolOutcomes.Limit, null)]
    [InlineData("head -c 200000000 /dev/zero > /tmp/big && printf '{\"said\":\"wrote it\"}'", ToolOutcomes.Failed, null)]
    [InlineData("echo 'this is no JSON'", ToolOutcomes.BadOutput, "did not write JSON")]
    [InlineData("printf '%s' '{\"said\":\"\\ud83d\"}'", ToolOutcomes.BadOutput, "half a character")]
    [InlineData("printf '{\"said\":5}'", ToolOutcomes.BadOutput, "said must be string")]
    [InlineData("printf '{\"said\":\"a\"}{\"said\":\"b\"}'", ToolOutcomes.BadOutput, "did not write JSON")]
    [InlineData("true", ToolOutcomes.BadOutput, "did not write JSON")]
    [InlineData("echo 'no such city' >&2; exit 4", ToolOutcomes.Failed, "no such city")]
    [InlineData("kill -9 $$", ToolOutcomes.Failed, null)]
    public async Task What_knows_no_end_is_ended_and_what_is_no_answer_is_none(string source, string outcome, string? why)
    {
        using var stage = await ToolBenchStage.StartAsync();
        var result = await stage.RunAsync(ToolLanguages.Shell, source, change: manifest => manifest with { Limits = manifest.Limits with { Seconds = 3, MemoryMb = 64 } });
        // Memory that a program is not given, and time that it does not get, end it one way or the other.
        Assert.True(result.Outcome == outcome || (outcome == ToolOutcomes.Limit && why is null && ToolOutcomes.IsFault(result.Outcome)), $"{result.Outcome}: {result.Detail}");
        if (why is not null) Assert.Contains(why, result.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_what_was_approved_and_what_has_no_sandbox_is_not_run()
    {
        using var stage = await ToolBenchStage.StartAsync();
        var package = ToolBenchStage.Package(ToolLanguages.Shell, "printf '{\"said\":\"hello\"}'");
        var approved = ToolHash.Of(package);
        foreach (var changed in (ToolPackage[])[package with { Source = package.Source + " " }, package with { Manifest = package.Manifest with { Permissions = new ToolPermissions { Files = ToolFiles.Write } } }, package with { Tests = [] }])
            Assert.Contains("not what was approved", (await Assert.ThrowsAsync<ToolRefusedException>(() => stage.Bench.PrepareAsync(changed, approved, CancellationToken.None))).Message, StringComparison.Ordinal);
        using var data = new TempFolder();
        using var bare = new ToolBench(new HostFolders(data.Path), CommandSandbox.Without("bubblewrap is not installed (apt install bubblewrap)"), "bare");
        Assert.Contains("apt install bubblewrap", (await Assert.ThrowsAsync<ToolRefusedException>(() => bare.PrepareAsync(package, approved, CancellationToken.None))).Message, StringComparison.Ordinal);
        Assert.Equal(ToolOutcomes.BadInput, (await stage.RunAsync(ToolLanguages.Shell, "exit 0", "[]")).Outcome);
    }

    [Fact]
    public async Task Nothing_of_it_is_left_when_it_is_called_off()
    {
        using var stage = await ToolBenchStage.StartAsync();
        var package = ToolBenchStage.Package(ToolLanguages.Shell, "echo begun > begun; sleep 600 & sleep 600", manifest => manifest with { Permissions = new ToolPermissions { Files = ToolFiles.Write } });
        var ready = await stage.Bench.PrepareAsync(package, ToolHash.Of(package), CancellationToken.None);
        using var stop = new CancellationTokenSource();
        var running = stage.Runner.RunAsync(ready, ToolBenchStage.Json("{}"), stage.Workspace.Path, stop.Token);
        await Until.TrueAsync(() => File.Exists(Path.Combine(stage.Workspace.Path, "begun")), "the tool begins");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Empty(MarkedProcesses.Find(stage.Marker));
    }
}
