using System.Globalization;
using System.Text.Json;
using Muster.Bench.Load;
using Muster.Bench.Measure;

namespace Muster.Bench.Servers;

/// <summary>Somebody else's queue, in a process of its own: it seeds itself, says so, runs when told to, and says how long it took.</summary>
internal sealed class Peer : IAsyncDisposable
{
    private static readonly Lazy<string> Folder = new(() =>
    {
        for (var at = AppContext.BaseDirectory; at is not null; at = Path.GetDirectoryName(at))
            if (File.Exists(Path.Combine(at, "bench", "peers", "package.json"))) return Path.Combine(at, "bench", "peers");
        throw new MissingToolException("bench/peers is not there: run the benchmarks from a checkout.");
    });

    private readonly Child _child;

    private Peer(Child child) => _child = child;

    public Usage Usage() => _child.Usage();

    /// <summary>Starts a script of bench/peers; its tasks are in its store when this returns.</summary>
    public static async Task<Peer> StartAsync(string script, IEnumerable<string> arguments, CancellationToken ct)
    {
        var node = Tools.Require(Tools.Find("node"), "Node 20 or newer", "nodejs");
        await InstallAsync(ct);
        return await StartedAsync(script, Child.Start(node, [Path.Combine(Folder.Value, script), .. arguments], folder: Folder.Value), ct);
    }

    /// <summary>The same with Quartz, which is a library of .NET.</summary>
    public static Task<Peer> StartQuartzAsync(IEnumerable<string> arguments, CancellationToken ct) => StartedAsync("Quartz", Child.Start("dotnet", [typeof(QuartzPeer).Assembly.Location, "quartz", .. arguments]), ct);

    private static async Task<Peer> StartedAsync(string name, Child child, CancellationToken ct)
    {
        var peer = new Peer(child);
        try
        {
            await peer.ReadyAsync(name, ct);
            return peer;
        }
        catch
        {
            await peer.DisposeAsync();
            throw;
        }
    }

    /// <summary>Has it do as many tasks as it will be given, unmeasured: a program is measured once its code is compiled.</summary>
    public async Task WarmAsync(CancellationToken ct)
    {
        await SayAsync("warm", ct);
        await ReadyAsync("The peer", ct);
    }

    private async Task ReadyAsync(string name, CancellationToken ct)
    {
        if (await _child.Output.ReadLineAsync(ct) != "ready") throw new InvalidOperationException($"{name} is not ready: {_child.Complaints}");
    }

    private async Task SayAsync(string line, CancellationToken ct)
    {
        await _child.Input.WriteLineAsync(line.AsMemory(), ct);
        await _child.Input.FlushAsync(ct);
    }

    /// <summary>Has it do its tasks, or as many as it can in a time.</summary>
    public async Task<Run> RunAsync(CancellationToken ct, TimeSpan? limit = null)
    {
        await SayAsync(limit is { } time ? string.Create(CultureInfo.InvariantCulture, $"go {time.TotalSeconds:F1}") : "go", ct);
        var line = await _child.Output.ReadLineAsync(ct) ?? throw new InvalidOperationException($"It ended before its tasks: {_child.Complaints}");
        var said = JsonSerializer.Deserialize<JsonElement>(line);
        return new Run(said.GetProperty("tasks").GetInt32(), TimeSpan.FromSeconds(said.GetProperty("seconds").GetDouble()), null);
    }

    public ValueTask DisposeAsync() => _child.DisposeAsync();

    /// <summary>The locked versions, once; npm's own marker tells whether they are there.</summary>
    private static async Task InstallAsync(CancellationToken ct)
    {
        var installed = new FileInfo(Path.Combine(Folder.Value, "node_modules", ".package-lock.json"));
        var locked = new FileInfo(Path.Combine(Folder.Value, "package-lock.json"));
        if (installed.Exists && installed.LastWriteTimeUtc >= locked.LastWriteTimeUtc) return;
        var npm = Tools.Require(Tools.Find("npm"), "npm", "npm");
        await Child.RunAsync(npm, ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], ct, folder: Folder.Value);
    }
}
