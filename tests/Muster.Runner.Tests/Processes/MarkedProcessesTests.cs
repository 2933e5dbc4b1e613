using Muster.Runner.Processes;

namespace Muster.Runner.Tests.Processes;

public sealed class MarkedProcessesTests
{
    [Fact]
    public async Task Processes_that_left_group_and_session_are_found_by_their_marker()
    {
        var marker = $"test-{Guid.NewGuid():n}";
        var lines = new Lines();
        await using var group = ProcessGroup.Start(new ProcessSpec
        {
            FileName = "sh",
            Arguments = ["-c", "setsid sh -c 'echo $$; exec sleep 600' & wait"],
            WorkingDirectory = Path.GetTempPath(),
            Environment = ChildEnvironment.Create($"{marker}/agent-1"),
            OnLine = lines.Add,
        });
        var escaped = int.Parse(await lines.NextAsync());
        group.Kill();
        await group.Exit;
        Assert.True(Until.Alive(escaped));
        Assert.Contains(escaped, MarkedProcesses.Find(marker));
        Assert.Empty(MarkedProcesses.Find(marker + "/agent-2"));
        Assert.Empty(MarkedProcesses.Find(marker[..^1]));

        Assert.Equal(1, await MarkedProcesses.KillAsync(marker));

        await Until.TrueAsync(() => !Until.Alive(escaped), "the escaped process is gone");
    }
}
