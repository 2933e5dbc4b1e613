using System.Collections.Immutable;

namespace Muster.ControlPlane.Models.Calling;

/// <summary>How a leg is.</summary>
/// <param name="Leg">The leg.</param>
/// <param name="State">Of its breaker, or its provider's.</param>
/// <param name="Until">When it may be tried again, while it is open.</param>
/// <param name="Fault">Its last failure.</param>
public sealed record LegHealth(ModelLeg Leg, BreakerState State, DateTimeOffset? Until, ProviderFault? Fault)
{
    public bool IsDown => State == BreakerState.Open;
}

/// <summary>A leg, or a whole route, went down or came back.</summary>
/// <param name="Leg">The leg; null when it is a route.</param>
/// <param name="Route">The route; null when it is a leg.</param>
/// <param name="IsDown">What it is now.</param>
/// <param name="Why">For people.</param>
/// <param name="Until">When it may be tried again, while it is down.</param>
public sealed record HealthChange(ModelLeg? Leg, string? Route, bool IsDown, string Why, DateTimeOffset? Until);

/// <summary>
/// Which legs may be asked: a breaker for each, and one for each provider as a whole. The only state that calls share, so it
/// is in memory; a plane that starts finds out anew.
/// </summary>
public sealed class ProviderHealth(ModelRoutes routes, TimeProvider time)
{
    private const string WholeProvider = "*";
    private readonly Lock _lock = new();
    private readonly Dictionary<ModelLeg, Breaker> _breakers = [];
    private readonly HashSet<string> _routesDown = new(StringComparer.Ordinal);

    private ImmutableList<Action<HealthChange>> _listeners = [];

    /// <summary>Called when something opened, so that its return is watched for.</summary>
    internal event EventHandler? Opened;

    /// <summary>Each change is told once, in order, outside of locks; whoever hears it does not block. For as long as this lives.</summary>
    public void Listen(Action<HealthChange> listener) => ImmutableInterlocked.Update(ref _listeners, all => all.Add(listener));

    public LegHealth Of(ModelLeg leg)
    {
        lock (_lock)
        {
            var worse = Worse(leg);
            return new LegHealth(leg, worse.State, worse.State == BreakerState.Open ? worse.Until : null, worse.Fault);
        }
    }

    public IReadOnlyList<LegHealth> Of(ModelRoute route) => [.. route.Legs.Select(Of)];

    /// <summary>How long until one of the route's legs may be asked; zero when one may now, null when it has none.</summary>
    public TimeSpan? Wait(ModelRoute route)
    {
        var now = time.GetUtcNow();
        return route.Legs.Count == 0 ? null : Of(route).Min(l => l.Until is { } until && until > now ? until - now : TimeSpan.Zero);
    }

    /// <summary>Why no leg of the route can be asked; null when one can.</summary>
    public string? WhyDown(ModelRoute route)
    {
        if (route.Legs.Count == 0) return $"No provider of the route {route.Name} is set up.";
        var legs = Of(route);
        return legs.All(l => l.IsDown) ? string.Join(' ', legs.Select(l => $"{l.Leg}: {l.Fault?.Class}, {Sentence(l.Fault?.Message)}")) : null;
    }

    /// <summary>Lets a call through, or not. Whoever was let through reports.</summary>
    internal bool TryEnter(ModelLeg leg)
    {
        Due(leg);
        lock (_lock)
        {
            var (own, all) = (Get(leg), Get(Provider(leg)));
            if (!own.MayTry || !all.MayTry) return false;
            Set(leg, own.Try());
            Set(Provider(leg), all.Try());
            return true;
        }
    }

    internal void Succeeded(ModelLeg leg)
    {
        lock (_lock)
        {
            if (!_breakers.ContainsKey(leg) && !_breakers.ContainsKey(Provider(leg))) return;
        }

        Change(() =>
        {
            Set(leg, Breaker.Healthy);
            Set(Provider(leg), Breaker.Healthy);
        });
    }

    internal void Failed(ModelLeg leg, ProviderFault fault)
    {
        Change(() =>
        {
            var now = time.GetUtcNow();
            if (FaultClass.IsOfProvider(fault.Class))
            {
                Set(Provider(leg), Get(Provider(leg)).Fail(fault, now));
                Set(leg, Get(leg).GiveUp());
            }
            else
            {
                Set(leg, Get(leg).Fail(fault, now));
                // It answered, if only to say no: the provider itself is there.
                Set(Provider(leg), fault.Class == FaultClass.Timeout ? Get(Provider(leg)).GiveUp() : Breaker.Healthy);
            }
        });
        Opened?.Invoke(this, EventArgs.Empty);
    }

    internal void GaveUp(ModelLeg leg)
    {
        lock (_lock)
        {
            Set(leg, Get(leg).GiveUp());
            Set(Provider(leg), Get(Provider(leg)).GiveUp());
        }
    }

    /// <summary>What is open, with when its pause is over.</summary>
    internal IReadOnlyList<(ModelLeg Key, Breaker Breaker)> Open()
    {
        lock (_lock) return [.. _breakers.Where(b => b.Value.State == BreakerState.Open).Select(b => (b.Key, b.Value))];
    }

    internal void Allow(ModelLeg key) => Change(() => Set(key, Get(key).Allow()));

    internal void KeepOpen(ModelLeg key)
    {
        lock (_lock) Set(key, Get(key).KeepOpen(time.GetUtcNow()));
    }

    internal static bool IsProvider(ModelLeg key) => key.Model == WholeProvider;

    // Whoever comes first when a pause is over tries: a call, or the watch.
    private void Due(ModelLeg leg)
    {
        var now = time.GetUtcNow();
        foreach (var key in (ModelLeg[])[leg, Provider(leg)])
        {
            Breaker breaker;
            lock (_lock) breaker = Get(key);
            if (breaker.State == BreakerState.Open && breaker.Until <= now) Allow(key);
        }
    }

    private void Change(Action change)
    {
        List<HealthChange> changes = [];
        lock (_lock)
        {
            var before = routes.Legs.ToDictionary(l => l, l => Worse(l).State == BreakerState.Open);
            change();
            foreach (var leg in routes.Legs)
            {
                var now = Worse(leg);
                if (before[leg] != (now.State == BreakerState.Open)) changes.Add(ChangeOf(leg, null, now));
            }

            foreach (var route in routes.All)
            {
                var down = route.Legs.Count > 0 && route.Legs.All(l => Worse(l).State == BreakerState.Open);
                if (down ? !_routesDown.Add(route.Name) : !_routesDown.Remove(route.Name)) continue;
                changes.Add(ChangeOf(null, route.Name, route.Legs.Count > 0 ? route.Legs.Select(Worse).MinBy(b => b.Until)! : Breaker.Healthy));
            }
        }

        foreach (var happened in changes) foreach (var listener in _listeners) listener(happened);
    }

    private static HealthChange ChangeOf(ModelLeg? leg, string? route, Breaker breaker) => breaker.State == BreakerState.Open
        ? new HealthChange(leg, route, true, $"{breaker.Fault?.Class}: {Sentence(breaker.Fault?.Message)}", breaker.Until)
        : new HealthChange(leg, route, false, "may be asked again", null);

    private static string Sentence(string? text) => string.IsNullOrWhiteSpace(text) ? "no reason given." : text.TrimEnd().EndsWith('.') ? text.TrimEnd() : text.TrimEnd() + ".";

    private Breaker Worse(ModelLeg leg)
    {
        var (own, all) = (Get(leg), Get(Provider(leg)));
        if (own.State == BreakerState.Open && all.State == BreakerState.Open) return own.Until > all.Until ? own : all;
        if (own.State == BreakerState.Open || all.State == BreakerState.Closed) return own;
        return all;
    }

    private Breaker Get(ModelLeg key) => _breakers.GetValueOrDefault(key, Breaker.Healthy);

    // Names that programs make up must not fill the memory: what is healthy is not kept.
    private void Set(ModelLeg key, Breaker breaker)
    {
        if (breaker == Breaker.Healthy) _breakers.Remove(key);
        else _breakers[key] = breaker;
    }

    private static ModelLeg Provider(ModelLeg leg) => new(leg.Provider, WholeProvider);
}
