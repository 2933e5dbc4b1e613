using Muster.Contracts.Conversations;
using Muster.Contracts.Delivery;
using Muster.Contracts.Fleet;
using Muster.Contracts.Tools;
using Muster.Contracts.Work;

namespace Muster.Dashboard.Kit;

/// <summary>How a state looks. Colour never stands alone: the word or a shape is always with it.</summary>
internal static class Tones
{
    public const string Idle = "idle";
    public const string Busy = "busy";
    public const string Look = "look";
    public const string Good = "good";
    public const string Warn = "warn";
    public const string Bad = "bad";

    public static string Of(string? state) => state switch
    {
        TaskState.InProgress or AssignmentState.Active or DeploymentState.Deploying or GoalState.Running or GoalState.Planning or "working" or "checking" or "merging" => Busy,
        TaskState.Review or PullState.Open or PullState.Queued or GoalState.WaitingApproval or ToolStates.Tested => Look,
        TaskState.Done or JobState.Passed or PullState.Merged or AgentHealth.Healthy or AssignmentState.Completed or ToolStates.Approved or ToolOutcomes.Ok or "up" or "pass" => Good,
        TaskState.Failed or TaskState.Quarantined or AgentHealth.Stale or AssignmentState.Died or JobState.Error or DeploymentState.RolledBack or ToolOutcomes.Limit or ToolOutcomes.BadOutput or "unhealthy" or "down" or "fail" or "blocked" => Bad,
        AgentHealth.Warning or AssignmentState.Expired or PullState.ChangesRequested or DesiredState.Paused or DesiredState.Draining or ToolOutcomes.BadInput or ToolOutcomes.Refused or ToolOutcomes.Abandoned or "degraded" or "probing" => Warn,
        _ => Idle,
    };
}
