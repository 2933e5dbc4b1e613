using System.Text.Json;

namespace Muster.Contracts.Events;

/// <summary>A fact that happened. <see cref="Seq"/> has no gaps; pass the last one seen as <c>after</c> to go on from there.</summary>
public sealed record EventInfo
{
    public required long Seq { get; init; }
    public required string Id { get; init; }
    public required string Type { get; init; }
    public string? ProjectId { get; init; }
    public string? TaskId { get; init; }
    public string? AgentId { get; init; }

    /// <summary>The fact as a short sentence for people.</summary>
    public required string Text { get; init; }
    public JsonElement? Data { get; init; }
    public required DateTimeOffset At { get; init; }
}

public sealed record CreateEvent
{
    /// <summary>Must start with <c>custom.</c></summary>
    public required string Type { get; init; }
    public required string Text { get; init; }
    public string? Project { get; init; }
    public string? Task { get; init; }
    public JsonElement? Data { get; init; }
}

public static class EventTypes
{
    public const string ProjectCreated = "project.created";
    public const string ProjectUpdated = "project.updated";
    public const string ProjectDeleted = "project.deleted";
    public const string ProjectSynced = "project.synced";
    public const string ProjectDiverged = "project.diverged";
    /// <summary><c>muster.yaml</c> of the target branch cannot be followed; pull requests wait until it is mended.</summary>
    public const string ProjectRulesBroken = "project.rules_broken";
    public const string PlanImported = "plan.imported";
    public const string EpicCreated = "epic.created";
    public const string EpicUpdated = "epic.updated";
    public const string EpicDeleted = "epic.deleted";
    public const string EpicGateOpened = "epic.gate_opened";
    public const string EpicGateClosed = "epic.gate_closed";
    public const string EpicBranched = "epic.branched";
    /// <summary>Its branch took in what is new in the target.</summary>
    public const string EpicSynced = "epic.synced";
    public const string EpicQueued = "epic.queued";
    /// <summary>Its branch does not merge with the target, or the result is red; a person should look.</summary>
    public const string EpicBlocked = "epic.blocked";
    public const string EpicMerged = "epic.merged";
    public const string TaskCreated = "task.created";
    public const string TaskUpdated = "task.updated";
    public const string TaskDeleted = "task.deleted";
    public const string TaskReady = "task.ready";
    public const string TaskClaimed = "task.claimed";
    public const string TaskProgress = "task.progress";
    public const string TaskCommented = "task.commented";
    public const string TaskReview = "task.review";
    public const string TaskSentBack = "task.sent_back";
    public const string TaskReleased = "task.released";
    public const string TaskExpired = "task.lease_expired";
    public const string TaskAttemptFailed = "task.attempt_failed";
    public const string TaskCompleted = "task.completed";
    public const string TaskFailed = "task.failed";
    public const string TaskCancelled = "task.cancelled";
    public const string TaskQuarantined = "task.quarantined";
    public const string TaskRetried = "task.retried";
    public const string ConversationBegun = "conversation.begun";
    /// <summary>A person or the Chief of Staff said something; the text is in the turn.</summary>
    public const string ConversationMessage = "conversation.message";
    public const string GoalCreated = "goal.created";
    /// <summary>There is a plan, or another one.</summary>
    public const string GoalPlanned = "goal.planned";
    public const string GoalStarted = "goal.started";
    /// <summary>Its plan was changed while it runs, after a failure or by a person's wish.</summary>
    public const string GoalChanged = "goal.changed";
    /// <summary>It waits for a model or a person; <c>data.waiting</c> says which.</summary>
    public const string GoalWaiting = "goal.waiting";
    public const string GoalResumed = "goal.resumed";
    public const string GoalDone = "goal.done";
    public const string GoalFailed = "goal.failed";
    public const string GoalCancelled = "goal.cancelled";
    public const string EvidenceAdded = "evidence.added";
    public const string EvidenceVerified = "evidence.verified";
    public const string AgentRegistered = "agent.registered";
    public const string AgentUpdated = "agent.updated";
    public const string AgentStatusChanged = "agent.status_changed";
    public const string AgentDied = "agent.died";
    public const string AgentGivenUp = "agent.given_up";
    /// <summary>An agent handed in what those after it in its role should know.</summary>
    public const string RoleLesson = "role.lesson";
    /// <summary>Another text or other settings of a role are in effect; <c>data.hash</c> and <c>data.before</c> say which.</summary>
    public const string RoleChanged = "role.changed";
    public const string RoleProposed = "role.proposed";
    public const string EvaluationStarted = "evaluation.started";
    /// <summary>Its last trial is over, or it was cancelled; <c>data.state</c> says which.</summary>
    public const string EvaluationEnded = "evaluation.ended";
    public const string SpecialistSpawned = "specialist.spawned";
    public const string SpecialistRetired = "specialist.retired";
    public const string AgentDeleted = "agent.deleted";

    /// <summary>An agent runs something else than is declared.</summary>
    public const string AgentDrifted = "agent.drifted";
    public const string AgentDriftEnded = "agent.drift_ended";
    public const string HostRegistered = "host.registered";
    public const string HostStatusChanged = "host.status_changed";
    public const string HostDeleted = "host.deleted";
    public const string CheckStarted = "check.started";
    public const string CheckFinished = "check.finished";
    public const string PullOpened = "pull.opened";
    public const string PullReviewed = "pull.reviewed";
    public const string PullApprovalNeeded = "pull.approval_needed";
    public const string PullQueued = "pull.queued";
    public const string PullMerged = "pull.merged";
    public const string PullClosed = "pull.closed";
    public const string BranchPushed = "branch.pushed";
    public const string DeploymentStarted = "deployment.started";
    public const string DeploymentHealthy = "deployment.healthy";
    public const string DeploymentFailed = "deployment.failed";
    /// <summary>A budget reached 50, 80 or 100 percent in its period.</summary>
    public const string BudgetReached = "budget.reached";
    public const string BudgetChanged = "budget.changed";
    public const string ModelsSwitched = "models.switched";
    public const string TaskHeld = "task.held";
    public const string ToolCreated = "tool.created";
    public const string ToolUpdated = "tool.updated";
    public const string ToolDeleted = "tool.deleted";
    /// <summary>The tests of a version ended; <c>data.passed</c> says how.</summary>
    public const string ToolTested = "tool.tested";
    public const string ToolApproved = "tool.approved";
    public const string ToolRetired = "tool.retired";
    /// <summary>Taken from agents by the plane itself; <c>data.reason</c> says why.</summary>
    public const string ToolPulled = "tool.pulled";
    public const string ArtifactStored = "artifact.stored";
    public const string ArtifactDeleted = "artifact.deleted";
    public const string TokenCreated = "token.created";
    public const string TokenRevoked = "token.revoked";
    public const string StoreOpened = "store.opened";
    /// <summary>It was brought back from a backup or promoted; leases and agent tokens of before are void.</summary>
    public const string StoreRestored = "store.restored";
    public const string BackupCompleted = "backup.completed";
    public const string BackupFailed = "backup.failed";
    public const string CustomPrefix = "custom.";
}
