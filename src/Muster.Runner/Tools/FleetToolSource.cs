using Muster.Client;
using Muster.Runner.Builtin;
using Muster.Runner.Executors;
using Muster.Runner.Sandbox;

namespace Muster.Runner.Tools;

/// <summary>The tools that agents of this fleet made and that are approved, and the way to make another.</summary>
/// <param name="muster">The plane, as the agent.</param>
/// <param name="folders">The host's data folder.</param>
/// <param name="marker">Processes carry one below it.</param>
public sealed class FleetToolSource(MusterClient muster, HostFolders folders, string marker) : IToolSource, IDisposable
{
    private readonly SemaphoreSlim _opening = new(1);
    private ToolBench? _bench;

    public string Name => "the fleet";

    public async Task<IToolSession> OpenAsync(Attempt attempt, CancellationToken cancellation)
    {
        await _opening.WaitAsync(cancellation);
        try
        {
            _bench ??= new ToolBench(folders, await CommandSandbox.DetectAsync(cancellation), $"{marker}/tools");
        }
        finally
        {
            _opening.Release();
        }

        var session = new FleetToolSession(attempt, muster, _bench);
        try
        {
            await session.ReadAsync(cancellation);
        }
        catch (Exception error) when (error is PlaneUnreachableException or MusterException and not LeaseLostException)
        {
            throw new ToolSourceException(error.Message);
        }

        return session;
    }

    public void Dispose()
    {
        _bench?.Dispose();
        _opening.Dispose();
    }
}
