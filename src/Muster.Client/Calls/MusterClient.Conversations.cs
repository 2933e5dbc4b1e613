using Muster.Client.Http;
using Muster.Contracts;
using Muster.Contracts.Conversations;
using Muster.Contracts.Work;

namespace Muster.Client;

public sealed partial class MusterClient
{
    /// <summary>Says something to the Chief of Staff: a wish, which becomes a goal, or more in the conversation that <c>OutsideId</c> names.</summary>
    public Task<SaidAnswer> SayAsync(SayRequest body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<SaidAnswer>(Routes.Conversations, body, call, ct);

    /// <summary>Says more in a conversation: a change, an answer, yes, no, status.</summary>
    public Task<SaidAnswer> SayMoreAsync(string id, SayRequest body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<SaidAnswer>(Query.At(Routes.ConversationTurns, id), body, call, ct);

    /// <summary>Conversations, the newest first, a page at a time.</summary>
    public Task<Page<ConversationInfo>> ListConversationsAsync(string? channel = null, string? cursor = null, int? limit = null, CancellationToken ct = default) =>
        GetAsync<Page<ConversationInfo>>(new Query(Routes.Conversations).Add("channel", channel).Page(cursor, limit), ct);

    /// <summary>One conversation.</summary>
    public Task<ConversationInfo> GetConversationAsync(string id, CancellationToken ct = default) =>
        GetAsync<ConversationInfo>(Query.At(Routes.Conversation, id), ct);

    /// <summary>What was said in a conversation behind the turn <paramref name="after"/>, oldest first, a page at a time.</summary>
    public Task<Page<TurnInfo>> ListTurnsAsync(string id, int? after = null, string? cursor = null, int? limit = null, CancellationToken ct = default) =>
        GetAsync<Page<TurnInfo>>(new Query(Query.At(Routes.ConversationTurns, id)).Add("after", after).Page(cursor, limit), ct);

    /// <summary>What the person has said that they prefer.</summary>
    public Task<PreferencesInfo> GetPreferencesAsync(CancellationToken ct = default) => GetAsync<PreferencesInfo>(Routes.Preferences, ct);

    /// <summary>Writes the preferences anew.</summary>
    public Task<PreferencesInfo> SetPreferencesAsync(SetPreferences body, CallOptions? call = null, CancellationToken ct = default) =>
        PutAsync<PreferencesInfo>(Routes.Preferences, body, call, ct);

    /// <summary>Goals, the newest first, a page at a time.</summary>
    public Task<Page<GoalInfo>> ListGoalsAsync(string? state = null, string? conversation = null, string? cursor = null, int? limit = null, CancellationToken ct = default) =>
        GetAsync<Page<GoalInfo>>(new Query(Routes.Goals).Add("state", state).Add("conversation", conversation).Page(cursor, limit), ct);

    /// <summary>One goal by id or key: its plan, its tasks, how it stands.</summary>
    public Task<GoalInfo> GetGoalAsync(string id, CancellationToken ct = default) => GetAsync<GoalInfo>(Query.At(Routes.Goal, id), ct);

    /// <summary>Begins a plan: its epics, tasks and dependencies are made all at once, once.</summary>
    public Task<GoalInfo> ApproveGoalAsync(string id, ApproveGoal? body = null, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<GoalInfo>(Query.At(Routes.GoalApprove, id), body ?? new ApproveGoal(), call, ct);

    /// <summary>Says no to a plan.</summary>
    public Task<GoalInfo> RejectGoalAsync(string id, Reason? reason = null, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<GoalInfo>(Query.At(Routes.GoalReject, id), reason ?? new Reason(), call, ct);

    /// <summary>Answers questions of a plan; an answer that is not what the plan assumed asks for another plan.</summary>
    public Task<GoalInfo> AnswerGoalAsync(string id, AnswerGoal body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<GoalInfo>(Query.At(Routes.GoalAnswer, id), body, call, ct);

    /// <summary>Gives a goal up, and those of its tasks that are still open.</summary>
    public Task<GoalInfo> CancelGoalAsync(string id, Reason? reason = null, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<GoalInfo>(Query.At(Routes.GoalCancel, id), reason ?? new Reason(), call, ct);
}
