using System.Threading.Channels;
using Muster.Contracts.Work;
using Muster.ControlPlane.Models.Calling;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Models.Gateway;

/// <summary>Gives tasks that waited for a provider out again as soon as one is back. Sleeps otherwise.</summary>
internal sealed class HoldKeeper : BackgroundService
{
    private readonly Channel<bool> _back = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Store _store;
    private readonly ILogger<HoldKeeper> _logger;

    public HoldKeeper(Store store, ProviderHealth health, ILogger<HoldKeeper> logger)
    {
        (_store, _logger) = (store, logger);
        health.Listen(Hear);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var _ in _back.Reader.ReadAllAsync(stoppingToken))
        {
            try
            {
                await _store.WriteAsync(tx => Holds.Lift(tx, WaitingCodes.ProviderDown), stoppingToken);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                // Each of them has a time of its own after which it is tried all the same.
                _logger.LogError(error, "Tasks that waited for a provider could not be given out again");
            }
        }
    }

    private void Hear(HealthChange change)
    {
        if (!change.IsDown) _back.Writer.TryWrite(true);
    }
}
