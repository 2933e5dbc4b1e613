using System.Diagnostics;
using Muster.Bench.Measure;
using Muster.Bench.Servers;

namespace Muster.Bench;

/// <summary>One run of the benchmarks: its folder, its servers, its report. Servers start when first asked for.</summary>
internal sealed class Session : IAsyncDisposable
{
    private readonly string _folder;
    private readonly Dictionary<string, IAsyncDisposable> _servers = new(StringComparer.Ordinal);
    private int _folders;

    private Session(BenchOptions options, string folder, Report report, CancellationToken ct) => (Options, _folder, Report, Stop) = (options, folder, report, ct);

    public BenchOptions Options { get; }
    public Report Report { get; }
    public CancellationToken Stop { get; }

    public static async Task<Session> StartAsync(BenchOptions options, string[] args, CancellationToken ct)
    {
        // Not the system's temporary folder, which may lie in memory, where a flush costs nothing.
        var parent = Environment.GetEnvironmentVariable("MUSTER_BENCH_DIR") is { Length: > 0 } own ? own : Directory.Exists("/var/tmp") ? "/var/tmp" : Path.GetTempPath();
        var folder = Path.Combine(parent, $"muster-bench-{Guid.NewGuid():N}");
        Directory.CreateDirectory(folder);
        // PostgreSQL may run as another user and must get through.
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        var report = new Report(await MachineFacts.ReadAsync(folder, ct), $"./muster bench {string.Join(' ', args)}".TrimEnd(), options);
        var session = new Session(options, folder, report, ct);
        session.Tell(report.Heading);
        return session;
    }

    /// <summary>A new empty folder, gone with the run.</summary>
    public string NewFolder(string name)
    {
        var folder = Path.Combine(_folder, $"{name}-{++_folders}");
        Directory.CreateDirectory(folder);
        return folder;
    }

    public Task<Postgres> PostgresAsync() => ServerAsync("postgres", () => Postgres.StartAsync(NewFolder("postgres"), Stop));

    public Task<Redis> RedisAsync(bool flush) => ServerAsync($"redis-{flush}", () => Redis.StartAsync(NewFolder("redis"), flush, Stop));

    /// <summary>Ends a server before the run does, where its load would fall on others.</summary>
    public async Task EndAsync(string name)
    {
        if (_servers.Remove(name, out var server)) await server.DisposeAsync();
    }

    /// <summary>For whoever watches; standard output belongs to the results when they are JSON.</summary>
    public void Tell(string text) => (Options.Json ? Console.Error : Console.Out).WriteLine(text);

    public async Task FinishAsync()
    {
        var file = await Report.SaveAsync(CancellationToken.None);
        if (Options.Json) Console.WriteLine(Report.Json());
        else Console.WriteLine($"\n{Report.Tables()}\nWritten to {file}.json and {file}.md");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers.Values.Reverse()) await server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<T> ServerAsync<T>(string name, Func<Task<T>> start)
        where T : IAsyncDisposable
    {
        if (_servers.TryGetValue(name, out var running)) return (T)running;
        var server = await start();
        _servers[name] = server;
        return server;
    }
}
