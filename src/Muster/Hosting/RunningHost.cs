using Microsoft.Extensions.Logging;
using Muster.Commands;
using Muster.Connections;
using Muster.Contracts.Fleet;
using Muster.Runner;
using Muster.Runner.Supervision;

namespace Muster.Hosting;

/// <summary>A host daemon in this process.</summary>
internal sealed class RunningHost : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly HostDaemon _daemon;
    private readonly ILoggerFactory _logging;

    private RunningHost(HostOptions options, PlaneLog log)
    {
        _logging = LoggerFactory.Create(log.Configure);
        _daemon = new HostDaemon(options, _logging.CreateLogger("Muster.Host"));
        Completion = _daemon.RunAsync(_stop.Token);
    }

    /// <summary>Ends with the daemon; faulted when it cannot go on.</summary>
    public Task Completion { get; }

    public IReadOnlyList<AgentProcess> Processes => _daemon.Processes;

    public static RunningHost Start(HostOptions options, PlaneLog log) => new(options, log);

    /// <summary>The host that runs beside its plane. Stops within the ten seconds that a service manager grants.</summary>
    public static RunningHost Beside(RunningPlane plane, DataFolder data, int? capacity, PlaneLog log) => Start(new HostOptions
    {
        Server = new Uri(plane.Server.Address),
        Token = plane.HostToken,
        Name = LocalHost.Name,
        DataFolder = data.Host,
        AgentCommand = OwnProgram.AgentCommand,
        Capacity = capacity,
        Grace = TimeSpan.FromSeconds(6),
    }, log);

    /// <summary><c>muster host</c>.</summary>
    public static async Task RunAloneAsync(Call call, string? name, int? capacity)
    {
        var folder = Path.Combine(Path.GetFullPath(call.Get(Globals.Data) ?? Paths.DefaultData), name is null ? "host" : $"host-{HostFolders.PlainName(name)}");
        SecretFile.CreateFolder(folder);
        using var log = new PlaneLog(Path.Combine(folder, "logs"), call.Get(Globals.Verbose), onTerminal: true);
        await using var host = Start(new HostOptions
        {
            Server = new Uri(call.Server.Address),
            Token = call.Server.Token,
            Name = name ?? LocalHost.Name,
            DataFolder = folder,
            AgentCommand = OwnProgram.AgentCommand,
            Capacity = capacity,
        }, log);
        call.Terminal.Document(new { host = name ?? LocalHost.Name, server = call.Server.Address, data = folder });
        call.Terminal.Line($"Host {name ?? LocalHost.Name} works for the plane at {call.Server.Address}; Ctrl-C stops it.");
        await host.UntilAsync(call.Stop);
    }

    /// <summary>Waits for the end that is asked for; throws when the daemon ends before.</summary>
    public async Task UntilAsync(CancellationToken stop)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = stop.Register(() => asked.TrySetResult());
        if (await Task.WhenAny(Completion, asked.Task) == Completion) await Completion;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        // A fault has been told by whoever waited for Completion.
        await Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _daemon.Dispose();
        _logging.Dispose();
        _stop.Dispose();
    }
}
