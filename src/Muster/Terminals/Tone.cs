using Muster.Contracts.Delivery;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;

namespace Muster.Terminals;

/// <summary>What a piece of text means; the terminal decides how that looks.</summary>
internal enum Tone
{
    None,
    Good,
    Bad,
    Warn,
    Busy,
    Faint,
    Strong,
}

internal static class Tones
{
    /// <summary>The tone of any state word of the wire.</summary>
    public static Tone OfState(string? state) => state switch
    {
        TaskState.Done or AgentHealth.Healthy or JobState.Passed or PullState.Merged or "running" or "pass" or "ok" => Tone.Good,
        TaskState.Failed or TaskState.Quarantined or "unhealthy" or JobState.Error or DeploymentState.RolledBack or "given_up" or "fail" => Tone.Bad,
        AgentHealth.Stale or AgentHealth.Warning or "degraded" or PullState.ChangesRequested or "warn" => Tone.Warn,
        TaskState.InProgress or TaskState.Review or PullState.Queued or DeploymentState.Deploying or "working" => Tone.Busy,
        TaskState.Cancelled or AgentHealth.Offline or PullState.Closed or DeploymentState.Superseded => Tone.Faint,
        _ => Tone.None,
    };

    public static string Code(Tone tone) => tone switch
    {
        Tone.Good => "\u001b[32m",
        Tone.Bad => "\u001b[31m",
        Tone.Warn => "\u001b[33m",
        Tone.Busy => "\u001b[36m",
        Tone.Faint => "\u001b[2m",
        Tone.Strong => "\u001b[1m",
        _ => "",
    };
}
