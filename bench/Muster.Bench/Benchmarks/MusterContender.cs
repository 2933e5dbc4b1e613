using Muster.Bench.Load;
using Muster.Bench.Measure;
using Muster.Bench.Servers;

namespace Muster.Bench.Benchmarks;

/// <summary>
/// Muster itself over HTTP with everything in: authentication, lease, assignment, events, answer after the commit. One
/// plane for all rounds, with a backlog that outlasts them.
/// </summary>
internal sealed class MusterContender : IContender
{
    private const int AgentCount = 64;

    private readonly Plane _plane;
    private readonly Agents _agents;
    private readonly int _perRequest;
    private readonly int _tasks;
    private readonly (string, Func<Usage>)[] _servers;

    private MusterContender(string name, Plane plane, bool oneCall, int perRequest, int tasks, (string, Func<Usage>)[] servers)
    {
        Name = name;
        _plane = plane;
        _agents = new Agents(plane, AgentCount, oneCall);
        _perRequest = perRequest;
        _tasks = tasks;
        _servers = [("plane", plane.Usage), .. servers];
    }

    public string Name { get; }

    public string Unit => "tasks/s";

    /// <param name="session">The run.</param>
    /// <param name="name">What the report calls it.</param>
    /// <param name="postgres">The server that holds the store; null for the embedded one.</param>
    /// <param name="perRequest">Tasks a claim, and completions a request.</param>
    /// <param name="tasks">Tasks a round.</param>
    public static async Task<IContender> MakeAsync(Session session, string name, Postgres? postgres, int perRequest, int tasks)
    {
        var folder = session.NewFolder("plane");
        // Code is compiled as it runs, and again when what it mostly does is known; people's planes run for days. A start is measured by itself.
        var warming = session.Options.Quick ? tasks / 2 : tasks * 20;
        // Rounds that are dropped are run again, and at the end there must still be a backlog.
        var backlog = warming + tasks * (session.Options.Rounds * 2 + 1);
        var store = await Seed.FillAsync(folder, postgres, backlog, session.Stop);
        var plane = await Plane.StartAsync(folder, store, session.Stop);
        var oneCall = await Agents.TakesOneCallAsync(plane, session.Stop);
        if (!oneCall) session.Tell($"  {name}: this build has no call that hands in and claims the next; two calls a task");
        var contender = new MusterContender(name, plane, oneCall, perRequest, tasks, postgres is null ? [] : [("postgres", postgres.Usage)]);
        await contender._agents.RegisterAsync(session.Stop);
        await contender._agents.ClaimAndCompleteAsync(perRequest, warming, session.Stop);
        return contender;
    }

    public async Task<Sample> RunAsync(CancellationToken ct)
    {
        await _agents.RegisterAsync(ct);
        var meter = Meter.Start(_servers);
        return meter.Stop(await _agents.ClaimAndCompleteAsync(_perRequest, _tasks, ct));
    }

    public ValueTask DisposeAsync() => _plane.DisposeAsync();
}
