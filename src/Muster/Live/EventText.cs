using Muster.Contracts.Events;
using Muster.Terminals;

namespace Muster.Live;

/// <summary>An event as a line for people.</summary>
internal static class EventText
{
    public static string Line(EventInfo happened) => $"{happened.At.ToLocalTime():HH:mm:ss}  {Plain.Line(happened.Text)}";

    public static Tone ToneOf(EventInfo happened) => happened.Type switch
    {
        EventTypes.TaskCompleted or EventTypes.PullMerged or EventTypes.DeploymentHealthy => Tone.Good,
        EventTypes.TaskAttemptFailed or EventTypes.TaskFailed or EventTypes.TaskQuarantined or EventTypes.AgentDied or EventTypes.AgentGivenUp or EventTypes.DeploymentFailed => Tone.Bad,
        EventTypes.TaskSentBack or EventTypes.TaskExpired or EventTypes.TaskReleased or EventTypes.PullApprovalNeeded => Tone.Warn,
        EventTypes.TaskClaimed or EventTypes.TaskReview => Tone.Busy,
        _ => Tone.None,
    };

    /// <summary>Steps of one attempt, which say little to someone who looks at the whole.</summary>
    public static bool IsDetail(EventInfo happened) => happened.Type is EventTypes.TaskProgress or EventTypes.TaskReady or EventTypes.TaskUpdated or EventTypes.EvidenceAdded
        or EventTypes.TaskCreated or EventTypes.EpicCreated or EventTypes.BranchPushed or EventTypes.ArtifactStored or EventTypes.TokenCreated or EventTypes.TokenRevoked
        or EventTypes.AgentStatusChanged or EventTypes.AgentRegistered or EventTypes.StoreOpened or EventTypes.HostRegistered or EventTypes.HostStatusChanged;
}
