namespace Muster.ControlPlane.Models.Calling;

/// <summary>
/// Brings back what was down, when its time is over. Where the provider lists its models, it is asked for that first, which
/// costs nothing; else the next call is the probe. Sleeps while nothing is down.
/// </summary>
public sealed class HealthWatch : BackgroundService
{
    private static readonly TimeSpan ProbeTime = TimeSpan.FromSeconds(10);
    private readonly SemaphoreSlim _opened = new(0, 1);
    private readonly ProviderHealth _health;
    private readonly ModelProviders _providers;
    private readonly TimeProvider _time;
    private readonly ILogger<HealthWatch> _log;

    public HealthWatch(ProviderHealth health, ModelProviders providers, TimeProvider time, ILogger<HealthWatch> log)
    {
        (_health, _providers, _time, _log) = (health, providers, time, log);
        health.Opened += Wake;
        health.Listen(Tell);
    }

    public override void Dispose()
    {
        _health.Opened -= Wake;
        _opened.Dispose();
        base.Dispose();
    }

    /// <summary>Looks at what is due. Returns how long until the next is; null when nothing is down.</summary>
    public async Task<TimeSpan?> LookAsync(CancellationToken ct)
    {
        var now = _time.GetUtcNow();
        await Task.WhenAll(_health.Open().Where(o => o.Breaker.Until <= now).Select(o => ProbeAsync(o.Key, o.Breaker, ct)));
        var open = _health.Open();
        if (open.Count == 0) return null;
        var wait = open.Min(o => o.Breaker.Until) - _time.GetUtcNow();
        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var wait = await LookAsync(stoppingToken);
            using var sleep = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            var opened = _opened.WaitAsync(sleep.Token);
            if (wait is { } pause) await Task.WhenAny(opened, Task.Delay(pause + TimeSpan.FromMilliseconds(1), _time, sleep.Token));
            else await opened.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await sleep.CancelAsync();
            await opened.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ProbeAsync(ModelLeg key, Breaker breaker, CancellationToken ct)
    {
        // That it lists its models says nothing about a limit; and a provider that is gone from the routes has nobody to ask.
        if (breaker.Fault?.Class is FaultClass.RateLimited or FaultClass.Quota || _providers.Find(key.Provider) is not { } provider)
        {
            _health.Allow(key);
            return;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(ProbeTime);
        try
        {
            _ = await provider.ListModelsAsync(limit.Token);
            _health.Allow(key);
        }
        catch (Exception error) when (error is ProviderException || (error is OperationCanceledException && !ct.IsCancellationRequested))
        {
            _log.LogDebug("{Provider} is still down: {Reason}", key.Provider, error.Message);
            _health.KeepOpen(key);
        }
    }

    private void Tell(HealthChange change)
    {
        if (change.IsDown) _log.LogWarning("{What} is down until {Until:HH:mm:ss}: {Why}", Name(change), change.Until, change.Why);
        else _log.LogInformation("{What} {Why}", Name(change), change.Why);
    }

    private static string Name(HealthChange change) => change.Leg is { } leg ? $"Model {leg}" : $"The model route {change.Route}";

    private void Wake(object? sender, EventArgs e)
    {
        try
        {
            if (_opened.CurrentCount == 0) _opened.Release();
        }
        catch (SemaphoreFullException)
        {
            // Another has woken it in this moment.
            return;
        }
    }
}
