using Muster.Contracts.Work;

namespace Muster.EndToEnd.Tests;

public sealed class FlushTests(ITestOutputHelper output)
{
    private static readonly string[] Flushes = ["fsync", "fdatasync"];
    private static readonly string[] Writes = ["pwrite64", "pwritev", "write", "writev"];
    private static readonly string[] Sends = ["sendmsg", "sendto", "write", "writev"];

    [Fact]
    [Trait("req", "C6")]
    public async Task An_answer_goes_out_only_after_what_it_says_is_flushed_to_the_disk()
    {
        if (await SystemCalls.ProblemAsync() is { } problem) Assert.Skip($"NOT PROVED that the plane flushes before it answers: {problem}.");
        const int posts = 20;
        await using var stage = new Stage();
        var plane = await stage.ServeAsync(below: SystemCalls.Below(stage["trace"]));
        await plane.Client.CreateProjectAsync(new CreateProject { Name = "Words", Key = "WRD" });
        string[] titles = [.. Enumerable.Range(1, posts).Select(number => $"flushed-{number}-{Guid.NewGuid():n}")];
        foreach (var title in titles) await plane.Client.CreateTaskAsync(new CreateTask { Project = "WRD", Title = title });
        Assert.Equal(0, await plane.StopAsync());

        var calls = await SystemCalls.ReadAsync(stage["trace"]);
        foreach (var title in titles)
        {
            // The row itself on its way into the log, the flush of the log, the first byte of the answer.
            var written = calls.First(0, Writes, "muster.db-wal", title);
            var answered = calls.First(written?.End ?? 0, Sends, "HTTP/1.1 201", title);
            if (written is null || answered is null)
            {
                Assert.Fail($"{title} is not in the trace: written {written is not null}, answered {answered is not null}");
                return;
            }

            var flushed = calls.First(written.End, Flushes, "muster.db-wal");
            Assert.True(flushed is not null && flushed.End < answered.Begin && flushed.Text.EndsWith("= 0", StringComparison.Ordinal), $"{title}: written at {written.Begin}, answered at {answered.Begin}, flushed: {flushed}");
        }

        output.WriteLine($"{posts} of {posts} answers came after the flush of what they say");
    }
}
