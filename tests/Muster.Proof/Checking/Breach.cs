namespace Muster.Proof.Checking;

/// <summary>An invariant that does not hold.</summary>
/// <param name="Rule">Stable name of the invariant.</param>
/// <param name="Text">What was found, with ids, for whoever looks for the cause.</param>
public sealed record Breach(string Rule, string Text);

/// <summary>Names of the invariants; <c>docs/reliability.md</c> explains each.</summary>
public static class Rules
{
    public const string AcknowledgedLost = "acknowledged_lost";
    public const string EffectTwice = "effect_twice";
    public const string StaleAccepted = "stale_accepted";
    public const string GrantedTwice = "granted_twice";
    public const string Epochs = "epochs";
    public const string OneActive = "one_active";
    public const string EventGap = "event_gap";
    public const string EventsDisagree = "events_disagree";
    public const string Readiness = "readiness";
    public const string Counters = "counters";
    public const string NotLinearizable = "not_linearizable";
    public const string StreamDisagrees = "stream_disagrees";
    public const string StoreDamaged = "store_damaged";
    public const string Stuck = "stuck";
    public const string Transition = "transition";
    public const string Answer = "answer";
}
