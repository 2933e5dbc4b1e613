using System.Diagnostics;
using System.Globalization;
using Muster.Bench.Servers;
using Muster.Bench.Wire;

namespace Muster.Bench.Load;

/// <summary>Agents at work, as a fleet looks on an ordinary day: each holds a task, says that it is alive, and reports how far it is, at a steady pace.</summary>
internal sealed class Crew : IAsyncDisposable
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(5);

    private readonly Plane _plane;
    private readonly List<(string Agent, string Assignment, string Lease)> _held = [];
    private readonly CancellationTokenSource _ending = new();
    private Task _working = Task.CompletedTask;

    private Crew(Plane plane) => _plane = plane;

    /// <summary>The agent whose task nobody but the benchmark reports.</summary>
    public string Watched => _held[0].Agent;

    /// <param name="plane">Where they work.</param>
    /// <param name="agents">How many.</param>
    /// <param name="done">Tasks that are done before.</param>
    /// <param name="perSecond">Reports a second, of all together.</param>
    /// <param name="ct">Ends the start.</param>
    public static async Task<Crew> BeginAsync(Plane plane, int agents, int done, int perSecond, CancellationToken ct)
    {
        var crew = new Crew(plane);
        using var connection = await plane.ConnectAsync(ct);
        (await connection.SendAsync(Request.Patch($"/api/projects/{Seed.Project}", plane.Token, """{"leaseSeconds":3600}"""), ct)).Require(200);
        var before = new Agents(plane, 16);
        await before.RegisterAsync(ct);
        await before.ClaimAndCompleteAsync(10, done, ct);
        await new Agents(plane, agents).RegisterAsync(ct);
        for (var n = 0; n < agents; n++)
        {
            var (assignment, lease) = Held.Read((await connection.SendAsync(Request.Post("/api/claims", plane.Token, $$"""{"agent":"bench-{{n}}"}"""), ct)).Require(200).Body.Span).Single();
            crew._held.Add(($"bench-{n}", assignment, lease));
        }

        crew._working = Task.WhenAll(Task.Run(() => crew.BeatAsync(crew._ending.Token), ct), Task.Run(() => crew.ReportAsync(perSecond, crew._ending.Token), ct));
        return crew;
    }

    /// <summary>Says how far the watched task is.</summary>
    public async Task ReportWatchedAsync(Connection connection, int percent, CancellationToken ct) => await ReportAsync(connection, _held[0], percent, ct);

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _working.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_working.IsFaulted) await _working;
        _ending.Dispose();
    }

    private async Task BeatAsync(CancellationToken ct)
    {
        using var connection = await _plane.ConnectAsync(ct);
        while (true)
        {
            foreach (var (agent, _, _) in _held)
            {
                (await connection.SendAsync(Request.Post("/api/agents/heartbeat", _plane.Token, $$"""{"agent":"{{agent}}","capacity":1000,"status":"working"}"""), ct)).Require(200);
                await Task.Delay(Beat / _held.Count, ct);
            }
        }
    }

    private async Task ReportAsync(int perSecond, CancellationToken ct)
    {
        using var connection = await _plane.ConnectAsync(ct);
        var started = Stopwatch.GetTimestamp();
        for (var n = 0; ; n++)
        {
            if (TimeSpan.FromSeconds((double)n / perSecond) - Stopwatch.GetElapsedTime(started) is { Ticks: > 0 } due) await Task.Delay(due, ct);
            await ReportAsync(connection, _held[1 + (n % (_held.Count - 1))], 1 + (n / _held.Count % 99), ct);
        }
    }

    private async Task ReportAsync(Connection connection, (string Agent, string Assignment, string Lease) held, int percent, CancellationToken ct) =>
        (await connection.SendAsync(Request.Patch($"/api/assignments/{held.Assignment}/progress", _plane.Token, string.Create(CultureInfo.InvariantCulture, $$"""{"percentComplete":{{percent}}}"""), held.Lease), ct)).Require(200);
}
