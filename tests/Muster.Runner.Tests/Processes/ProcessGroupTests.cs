using Muster.Runner.Processes;

namespace Muster.Runner.Tests.Processes;

public sealed class ProcessGroupTests
{
    private static ProcessSpec Shell(string script, Action<string>? onLine = null, string? marker = null, string? stdin = null) => new()
    {
        FileName = "sh",
        Arguments = ["-c", script],
        WorkingDirectory = Path.GetTempPath(),
        Environment = ChildEnvironment.Create(marker),
        OnLine = onLine,
        StdinText = stdin,
    };

    [Fact]
    public async Task Killing_a_group_takes_grandchildren_with_it()
    {
        var lines = new Lines();
        await using var group = ProcessGroup.Start(Shell("sh -c 'sleep 600 & echo $!; wait'", lines.Add));
        var grandchild = int.Parse(await lines.NextAsync());
        Assert.True(Until.Alive(grandchild));

        group.Kill();

        Assert.Equal(9, (await group.Exit).Signal);
        await Until.TrueAsync(() => !Until.Alive(grandchild), "the grandchild is gone");
    }

    [Fact]
    public async Task What_a_program_leaves_in_its_group_ends_with_it()
    {
        var lines = new Lines();
        await using var group = ProcessGroup.Start(Shell("sleep 600 & echo $!", lines.Add));
        var left = int.Parse(await lines.NextAsync());

        Assert.Equal(0, (await group.Exit).Code);
        await Until.TrueAsync(() => !Until.Alive(left), "the background process is gone");
    }

    [Fact]
    public async Task Killing_at_once_after_the_start_works_before_the_session_is_made()
    {
        for (var i = 0; i < 20; i++)
        {
            await using var group = ProcessGroup.Start(Shell("sleep 600"));
            group.Kill();
            Assert.Equal(9, (await group.Exit).Signal);
        }
    }

    [Fact]
    public async Task Stopping_asks_first_and_kills_what_does_not_listen()
    {
        var lines = new Lines();
        await using var polite = ProcessGroup.Start(Shell("exec 2>/dev/null; trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.05; done", lines.Add));
        Assert.Equal("up", await lines.NextAsync());
        Assert.Equal(3, (await polite.StopAsync(TimeSpan.FromSeconds(20))).Code);
        Assert.Equal("bye", await lines.NextAsync());

        await using var deaf = ProcessGroup.Start(Shell("trap '' TERM; echo up; while :; do sleep 0.05; done", lines.Add));
        Assert.Equal("up", await lines.NextAsync());
        Assert.Equal(9, (await deaf.StopAsync(TimeSpan.FromMilliseconds(100))).Signal);
    }

    [Fact]
    public async Task Both_outputs_and_the_exit_code_arrive()
    {
        var output = new BoundedOutput();
        var exit = await ProcessGroup.RunAsync(Shell("cat; echo wrong >&2; exit 7", output.Add, stdin: "in\n"), default);
        Assert.Equal(7, exit.Code);
        Assert.Contains("in\n", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("wrong\n", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_line_without_end_is_cut_and_control_codes_are_taken_out()
    {
        var lines = new Lines();
        await ProcessGroup.RunAsync(Shell("head -c 1000000 /dev/zero | tr '\\0' x; echo; printf '\\033[31mred\\033[0m\\033]0;title\\007!\\n'", lines.Add), default);
        var cut = await lines.NextAsync();
        Assert.StartsWith("xxx", cut, StringComparison.Ordinal);
        Assert.EndsWith($"({1_000_000 - (16 * 1024)} more characters left out)", cut, StringComparison.Ordinal);
        Assert.Equal("red!", await lines.NextAsync());
    }

    [Fact]
    public async Task A_child_that_left_the_group_and_holds_the_output_does_not_hold_us()
    {
        var marker = $"test-{Guid.NewGuid():n}";
        var lines = new Lines();
        await using var group = ProcessGroup.Start(Shell("setsid sh -c 'echo up; exec sleep 600' & read x", lines.Add, marker) with { KeepStdinOpen = true });
        Assert.Equal("up", await lines.NextAsync());
        group.CloseStdin();
        await group.Exit.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(1, await MarkedProcesses.KillAsync(marker));
    }

    [Fact]
    public void A_missing_program_is_named_with_what_to_do()
    {
        var error = Assert.Throws<ProgramNotFoundException>(() => ProcessGroup.Start(Shell("") with { FileName = "no-such-program" }));
        Assert.Equal("Program 'no-such-program' is not in PATH. Install it, or give its full path.", error.Message);
    }

    [Fact]
    public void Variables_named_like_secrets_are_not_inherited()
    {
        Assert.False(ChildEnvironment.MayInherit("MUSTER_TOKEN"));
        Assert.False(ChildEnvironment.MayInherit("GITHUB_TOKEN"));
        Assert.False(ChildEnvironment.MayInherit("AWS_SECRET_ACCESS_KEY"));
        Assert.False(ChildEnvironment.MayInherit("SOME_API_KEY"));
        Assert.False(ChildEnvironment.MayInherit("GIT_DIR"));
        Assert.True(ChildEnvironment.MayInherit("PATH"));
        Assert.True(ChildEnvironment.MayInherit("DOTNET_ROOT"));
    }
}
