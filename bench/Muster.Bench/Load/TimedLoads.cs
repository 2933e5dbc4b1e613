using System.Diagnostics;
using Muster.Bench.Measure;
using Muster.Bench.Servers;

namespace Muster.Bench.Load;

/// <summary>One thing done so many times in a row, each time taken: the value is the 95th percentile.</summary>
/// <param name="name">What is done.</param>
/// <param name="plane">Whose processor time is told beside it.</param>
/// <param name="times">How often.</param>
/// <param name="once">Does it, and says how many milliseconds it took.</param>
/// <param name="used">What it needs, ended with it.</param>
internal sealed class TimedLoads(string name, Plane plane, int times, Func<CancellationToken, Task<double>> once, params IAsyncDisposable[] used) : IContender
{
    public string Name => name;

    public string Unit => "ms (p95)";

    /// <summary>A page, from the question to its last byte.</summary>
    public static TimedLoads Served(string name, Plane plane, Visitor visitor, string path) => new(name, plane, 40, async ct =>
    {
        var asked = Stopwatch.GetTimestamp();
        await visitor.PageAsync(path, ct);
        return Stopwatch.GetElapsedTime(asked).TotalMilliseconds;
    });

    /// <summary>A page in a new window, to its first contentful paint.</summary>
    public static TimedLoads Painted(string name, Plane plane, Browser browser, Visitor visitor, string path) => new(name, plane, 10, async _ =>
    {
        var page = await browser.OpenAsync(visitor, plane.Address);
        await page.GotoAsync(new Uri(plane.Address, path).AbsoluteUri);
        var paint = await page.EvaluateAsync<double>(
            """() => new Promise(done => new PerformanceObserver(list => { const paint = list.getEntriesByName("first-contentful-paint")[0]; if (paint) done(paint.startTime); }).observe({ type: "paint", buffered: true }))""");
        await page.Context.CloseAsync();
        return paint;
    }, browser);

    /// <summary>A report of the crew's watched agent, until a page that is open shows it.</summary>
    public static async Task<TimedLoads> OnScreenAsync(string name, Plane plane, Browser browser, Visitor visitor, Crew crew, string path, Func<int, string> label)
    {
        var page = await browser.OpenAsync(visitor, plane.Address);
        await page.GotoAsync(new Uri(plane.Address, path).AbsoluteUri);
        await page.Locator("body[data-connected]").WaitForAsync();
        var reports = 0;
        return new TimedLoads(name, plane, 30, async ct =>
        {
            var percent = 1 + (reports++ % 99);
            var seen = page.EvaluateAsync(
                """label => new Promise(done => { const look = () => { if (document.querySelector(`[aria-label="${label}"]`)) requestAnimationFrame(() => done(null)); }; new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true }); look(); })""", label(percent));
            using var connection = await plane.ConnectAsync(ct);
            var sent = Stopwatch.GetTimestamp();
            await crew.ReportWatchedAsync(connection, percent, ct);
            await seen.WaitAsync(TimeSpan.FromSeconds(20), ct);
            var took = Stopwatch.GetElapsedTime(sent).TotalMilliseconds;
            await Task.Delay(200, ct);
            return took;
        }, browser);
    }

    public async Task<Sample> RunAsync(CancellationToken ct)
    {
        var meter = Meter.Start(("plane", plane.Usage));
        var milliseconds = new List<double>(times);
        for (var n = 0; n < times; n++) milliseconds.Add(await once(ct));
        return meter.Stop(milliseconds.Order().ElementAt((int)(times * 0.95)), times, Latency.Of(milliseconds));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var thing in used) await thing.DisposeAsync();
    }
}
