using System.Diagnostics;
using System.Globalization;
using Muster.Bench.Load;
using Muster.Bench.Measure;
using Muster.Bench.Servers;

namespace Muster.Bench.Benchmarks;

/// <summary>
/// What a person waits for at the dashboard while 200 agents report 100 times a second in a plan of 10,000 tasks: each page, its first
/// paint in Chromium, an event on the screen, and what fifty people who look at once cost.
/// </summary>
internal static class Dashboard
{
    private const int Tasks = 10_000;
    private const int PerSecond = 100;
    private const int Viewers = 50;

    private static readonly (string Name, string Path)[] Pages =
    [
        ("Today", "/"), ("Board", "/board"), ("Board, one project", $"/board?project={Seed.Project}"), ("Board, all that is done", "/board?state=done"), ("Board, a search", "/board?q=bench"),
        ("Plan", $"/plan/{Seed.Project}"), ("Reviews", "/reviews"), ("Agents", "/agents"), ("an agent", "/agents/bench-0"), ("Costs", "/costs"), ("Activity", "/activity"), ("a task", $"/tasks/{Seed.Project}-1"),
    ];

    public static Benchmark Benchmark { get; } = new("dashboard", $"pages, first paint, events on the screen, {Viewers} viewers, with {Tasks:N0} tasks, 200 agents and {PerSecond} events a second", RunAsync);

    private static async Task RunAsync(Session session)
    {
        var agents = session.Options.Quick ? 50 : 200;
        await using var plane = await SeededPlane.StartAsync(session, session.Options.Quick ? 2000 : Tasks);
        await using var crew = await Crew.BeginAsync(plane, agents, (session.Options.Quick ? 2000 : Tasks) / 2, PerSecond, session.Stop);
        using var visitor = await Visitor.SignInAsync(plane, session.Stop);
        // A plane that has served a while, not one that compiles its pages.
        foreach (var (_, path) in Pages) await visitor.PageAsync(path, session.Stop);
        await Rounds.CompareAsync(session, Benchmark.Name, Tasks, [.. Pages.Select(p => (p.Name, (Func<Task<IContender>>)(() => Task.FromResult<IContender>(TimedLoads.Served($"{p.Name}, served", plane, visitor, p.Path)))))]);
        await Rounds.CompareAsync(session, Benchmark.Name, Tasks,
            Floor(), Paint(0), Paint(1), Paint(7), Paint(11));
        // A page that is open is drawn anew all the time: each of these alone, and none beside the first paints.
        await Rounds.CompareAsync(session, Benchmark.Name, Tasks, Seen("a task", task => $"/tasks/{task}", "{0}% complete"));
        await Rounds.CompareAsync(session, Benchmark.Name, Tasks, Seen("Agents", _ => "/agents", "{0}% of {1}"));
        await WatchAsync(session, plane);

        // What this browser on this machine takes for a line of text of the same plane.
        (string, Func<Task<IContender>>) Floor() => ("a line of text, first paint", async () => TimedLoads.Painted("a line of text, first paint", plane, await Browser.StartAsync(), visitor, "/health/live"));

        (string, Func<Task<IContender>>) Paint(int page) => ($"{Pages[page].Name}, first paint", async () => TimedLoads.Painted($"{Pages[page].Name}, first paint", plane, await Browser.StartAsync(), visitor, Pages[page].Path));

        (string, Func<Task<IContender>>) Seen(string name, Func<string, string> path, string label) => ($"{name}, an event on the screen", () => SeenAsync(name, path, label));

        async Task<IContender> SeenAsync(string name, Func<string, string> path, string label)
        {
            var task = await WatchedTaskAsync(plane, crew, session.Stop);
            return await TimedLoads.OnScreenAsync($"{name}, an event on the screen", plane, await Browser.StartAsync(), visitor, crew, path(task), percent => string.Format(CultureInfo.InvariantCulture, label, percent, task));
        }
    }

    private static async Task<string> WatchedTaskAsync(Plane plane, Crew crew, CancellationToken ct)
    {
        using var muster = new Client.MusterClient(new Client.MusterClientOptions { Server = plane.Address, Token = plane.Token });
        return (await muster.GetAgentAsync(crew.Watched, ct)).Tasks[0];
    }

    /// <summary>Fifty people, each with a page open, for a while: memory at the most, and how often they were shown something new.</summary>
    private static async Task WatchAsync(Session session, Plane plane)
    {
        var time = TimeSpan.FromSeconds(session.Options.Quick ? 5 : 30);
        var visitors = await Task.WhenAll(Enumerable.Range(0, Viewers).Select(_ => Visitor.SignInAsync(plane, session.Stop)));
        var unwatched = plane.Usage().Processor;
        await Task.Delay(TimeSpan.FromSeconds(5), session.Stop);
        var before = plane.Usage();
        var alone = (before.Processor - unwatched) / 5;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(session.Stop);
        var following = visitors.Select((v, n) => v.FollowAsync(Pages[n % Pages.Length].Path, ending.Token)).ToList();
        var started = Stopwatch.GetTimestamp();
        long most = 0;
        var served = new List<double>();
        while (Stopwatch.GetElapsedTime(started) < time)
        {
            var asked = Stopwatch.GetTimestamp();
            await visitors[0].PageAsync("/board", session.Stop);
            served.Add(Stopwatch.GetElapsedTime(asked).TotalMilliseconds);
            most = Math.Max(most, plane.Usage().Resident);
            await Task.Delay(250, session.Stop);
        }

        await ending.CancelAsync();
        var drawn = (await Task.WhenAll(following)).Sum();
        var used = plane.Usage().Processor - before.Processor;
        foreach (var visitor in visitors) visitor.Dispose();
        session.Report.Note(Benchmark.Name, string.Create(CultureInfo.InvariantCulture,
            $"{Viewers} viewers for {time.TotalSeconds:F0} s: {most / 1048576.0:F0} MiB resident at the most ({before.Resident / 1048576.0:F0} before, {alone:F2} processors with nobody looking), {drawn / time.TotalSeconds:F0} drawings a second, {used / time.TotalSeconds:F2} processors; the board meanwhile in {Latency.Of(served).P50:F0} ms (p50), {Latency.Of(served).Max:F0} ms (max)."));
    }
}
