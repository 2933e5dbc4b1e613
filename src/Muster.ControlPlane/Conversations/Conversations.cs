using Muster.Contracts.Conversations;
using Muster.Contracts.Work;
using Muster.ControlPlane.Conversations.Running;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Conversations;

/// <summary>What was heard on a channel.</summary>
/// <param name="Person">Who said it, as the plane knows them.</param>
/// <param name="Said">What was said, and where.</param>
/// <param name="ConversationId">The conversation, when the caller knows it by the plane's id.</param>
public sealed record Heard(string Person, SayRequest Said, string? ConversationId = null);

/// <summary>
/// The one way in for every channel: a message becomes a turn, once, and what it asks for is done or left for the Chief of Staff
/// to think about. What comes back is a turn too, and an event; a channel sends on what concerns its conversations.
/// </summary>
public sealed class Conversations
{
    private readonly Store _store;
    private readonly StartGoal _start;
    private readonly GoalReader _goals;
    private readonly Preferences _preferences;

    internal Conversations(Store store, StartGoal start, GoalReader goals, Preferences preferences) => (_store, _start, _goals, _preferences) = (store, start, goals, preferences);

    public static void Check(SayRequest said) => new Checked()
        .Text(said.Text, "text", TurnRow.Limit)
        .Require(said.Channel is null || Names.IsName(said.Channel), "channel", "channel is a name of one word, such as terminal or telegram.")
        .Line(said.OutsideId, "outsideId", 200, required: false)
        .Line(said.MessageId, "messageId", 200, required: false)
        .Line(said.Repository, "repository", 1000, required: false)
        .Require(said.Project is null || said.Repository is null, "repository", "Name a project that is there, or the repository of a new one.")
        .Require(said.Approval is null or PlanApprovals.Plan or PlanApprovals.Auto, "approval", "approval is plan or auto.")
        .Require(said.BudgetUsd is null or (>= 0 and <= 1_000_000), "budgetUsd", "budgetUsd is 0 to 1000000.")
        .ThrowIfWrong();

    /// <summary>Takes a message in. The same message again answers the same and does nothing.</summary>
    public async Task<SaidAnswer> HearAsync(Heard heard, CancellationToken ct)
    {
        Check(heard.Said);
        var word = PersonWord.Of(heard.Said.Text);
        // A file of the person's, not of the store: written first, for a line that stands there twice stands there once.
        var remembered = word.Kind == WordKind.Remember && word.Rest is { } line ? _preferences.Add(line) ?? "I will remember that." : null;
        var taken = await _store.WriteAsync(tx => Take(tx, heard, word, remembered), ct);
        if (taken.Begin && taken.GoalId is { } goal) await _start.RunAsync(goal, ct);
        return await _goals.AnswerAsync(taken.ConversationId, taken.TurnId, taken.AnswerId, taken.GoalId, ct);
    }

    private Taken Take(StoreTransaction tx, Heard heard, PersonWord word, string? remembered)
    {
        var said = heard.Said;
        var conversation = heard.ConversationId is { } id ? ConversationRow.Get(tx, id) : ConversationRow.Of(tx, said.Channel ?? Channels.Terminal, said.OutsideId, heard.Person, said.Text);
        if (said.MessageId is not null && tx.QueryFirst<TurnRow>("SELECT * FROM conversation_turns WHERE conversation_id = @Id AND outside_id = @MessageId", new { conversation.Id, said.MessageId }) is { } before)
            return before.Text == said.Text.Trim() ? new Taken(conversation.Id, before.Id, null, before.GoalId, Begin: false) : throw Writes.KeyUsedBefore();
        if (conversation.Turns >= ConversationRow.MaxTurns) throw Refusal.WrongState($"This conversation has {conversation.Turns} turns, which is the limit. Begin a new one.");
        var goal = tx.QueryFirst<GoalRow>(GoalRow.Select + " WHERE conversation_id = @Id ORDER BY number DESC LIMIT 1", new { conversation.Id });
        // What is over is over: the next wish is a new goal, with all that was said before it. A plan that could not be made is taken up again.
        var current = goal is { State: GoalState.Done or GoalState.Cancelled } ? null : goal;
        var begun = current is null && word.Kind is WordKind.Free or WordKind.Answer or WordKind.Drop;
        if (current is null && begun) current = GoalWrites.Create(tx, conversation, said);
        var turn = TurnRow.Add(tx, conversation.Id, TurnAuthors.Person, said.Text.Trim(), current ?? goal, said.MessageId);
        var (answer, begin) = word.Kind == WordKind.Remember ? (remembered ?? Remember(tx, conversation), false) : begun ? (null, false) : Act(tx, current, goal, word);
        var answered = answer is null ? null : TurnRow.Add(tx, conversation.Id, TurnAuthors.Chief, answer, current ?? goal);
        return new Taken(conversation.Id, turn.Id, answered?.Id, (current ?? goal)?.Id, begin);
    }

    /// <summary>Carries out what needs no model; everything else wakes the Chief of Staff.</summary>
    private static (string? Answer, bool Begin) Act(StoreTransaction tx, GoalRow? goal, GoalRow? last, PersonWord word)
    {
        if (goal is null)
            return (last is null ? "Say what you want, in a sentence or more." : Report(tx, last), false);
        switch (word.Kind, goal.State)
        {
            case (WordKind.Report, _):
                return (Report(tx, goal), false);
            case (WordKind.Cancel or WordKind.Reject or WordKind.Approve, GoalState.Failed):
                return ($"{goal.Key} has no plan. Say in other words what you want, and I try again.", false);
            case (WordKind.Cancel, _) or (WordKind.Reject, GoalState.Planning or GoalState.WaitingApproval):
                GoalWrites.Cancel(tx, goal, null);
                return (null, false);
            case (WordKind.Approve, GoalState.Planning):
                return ($"I am still at the plan of {goal.Key}.", false);
            case (WordKind.Approve, GoalState.WaitingApproval):
                GoalWrites.Approve(tx, goal);
                return (null, true);
            // Yes and no answer a question, where one was asked; otherwise there is nothing that they could mean.
            case (WordKind.Approve or WordKind.Reject, GoalState.Running) when goal.Waiting != GoalWaits.Person:
                return ($"{Report(tx, goal)}\nSay cancel to give it up.", false);
            case (WordKind.Drop, GoalState.WaitingApproval):
                return (EditPlan.Drop(tx, goal, word.Numbers), false);
            case (WordKind.Answer, GoalState.WaitingApproval) when goal.ReadPlan()!.Questions.Count >= word.Numbers[0] && word.Numbers[0] > 0:
                return (EditPlan.Answer(tx, goal, [new QuestionAnswer { Question = word.Numbers[0], Text = word.Rest! }]), false);
            default:
                GoalWrites.Wish(tx, goal);
                return (null, false);
        }
    }

    private static string Report(StoreTransaction tx, GoalRow goal) => GoalReport.Text(goal, GoalTask.Of(tx, goal.Id), []);

    private string Remember(StoreTransaction tx, ConversationRow conversation)
    {
        if (conversation.Proposal is not { } line) return "Say what: remember: LINE";
        if (_preferences.Add(line) is { } fault) return fault;
        tx.ExecuteOne("UPDATE conversations SET proposal = NULL WHERE id = @Id", new { conversation.Id });
        return "I will remember that.";
    }

    private sealed record Taken(string ConversationId, string TurnId, string? AnswerId, string? GoalId, bool Begin);
}
