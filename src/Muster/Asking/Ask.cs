using Muster.Client;
using Muster.Commands;
using Muster.Contracts.Conversations;
using Muster.Live;
using Muster.Terminals;

namespace Muster.Asking;

/// <summary>One wish from the command line: said, planned, approved, and watched where that is wanted.</summary>
internal sealed class Ask(Call call, bool wait, bool yes)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly EventFilter Moves = new() { Types = ["goal.*"] };

    private const string WithoutModel =
        """
        It goes on by itself when a model answers: set a key of a provider (OPENROUTER_API_KEY, ANTHROPIC_API_KEY, OPENAI_API_KEY or GROQ_API_KEY) and start the
        plane again, or run Ollama on this machine. `muster models` and `muster doctor` say what is there. Until then you can plan by hand (muster plan import
        PLAN.md, muster task add TITLE), and a coding program that is installed can work on it (muster agent add NAME --executor claude-code).

        """;

    private readonly Terminal _terminal = call.Terminal;

    public async Task<int> OnceAsync(string words, string? about, SayRequest said)
    {
        await using var feed = new EventFeed(call.Muster, null, Moves, call.Stop);
        var heard = about is null ? await call.Muster.SayAsync(said, ct: call.Stop) : await call.Muster.SayMoreAsync((await call.Muster.GetGoalAsync(about, call.Stop)).ConversationId, said, ct: call.Stop);
        if (heard.Answer is { } answer) Say(answer.Text);
        if (heard.Goal is not { } goal)
        {
            _terminal.Document(heard);
            return ExitCodes.Done;
        }

        if (heard.Answer is null && goal.State == GoalState.Planning) _terminal.Note($"{goal.Key}: making a plan ...");
        goal = await DecideAsync(feed, goal, heard.Answer is not null);
        if (wait && goal.State == GoalState.Running) goal = await new GoalWatch(call.Muster, _terminal).UntilEndAsync(goal, call.Stop);
        _terminal.Document(goal);
        return goal.State is GoalState.Failed || goal.Waiting is not null || (wait && goal.State != GoalState.Done) ? ExitCodes.Failed : ExitCodes.Done;
    }

    public async Task<int> TalkAsync(string? about)
    {
        using var talk = new Talk(call);
        return await talk.RunAsync(about);
    }

    /// <summary>Until the plan runs, waits for somebody else, or there is none.</summary>
    private async Task<GoalInfo> DecideAsync(EventFeed feed, GoalInfo goal, bool answered)
    {
        while (true)
        {
            goal = await PlannedAsync(feed, goal);
            switch (goal.State)
            {
                case GoalState.WaitingApproval when goal.Waiting is null:
                    GoalText.WritePlan(_terminal, goal);
                    if (yes)
                    {
                        // A plan for a goal that was said without it: the person is here and says so now.
                        goal = await call.Muster.ApproveGoalAsync(goal.Id, new ApproveGoal { PlanVersion = goal.PlanVersion }, ct: call.Stop);
                        break;
                    }

                    if (!_terminal.Interactive)
                    {
                        GoalText.WriteWays(_terminal, goal);
                        return goal;
                    }

                    if (await AskAsync(goal) is not { } next) return goal;
                    goal = next;
                    break;
                case GoalState.Running when goal.Waiting is null:
                    _terminal.Line($"{goal.Key} runs: {Words.Count(goal.Tasks.Count(t => t.Counts), "task")} in {goal.Project}{(wait ? "" : $". How it stands: muster goal show {goal.Key}")}", Tone.Good);
                    return goal;
                default:
                    if (!answered) await TellAsync(goal);
                    return goal;
            }
        }
    }

    /// <summary>The goal once it is thought about no longer. One that waits for a model is waited for only where that is wanted.</summary>
    private async Task<GoalInfo> PlannedAsync(EventFeed feed, GoalInfo goal)
    {
        string? told = null;
        while (goal.State == GoalState.Planning || IsBegun(goal))
        {
            if (goal.Waiting is not null && !wait) return goal;
            if (goal.WaitingDetail is { } detail && detail != told) _terminal.Note($"{goal.Key} waits: {told = detail}");
            await feed.NextAsync(Patience, call.Stop);
            goal = await call.Muster.GetGoalAsync(goal.Id, call.Stop);
        }

        return goal;
    }

    /// <summary>Whether the plane begins it by itself.</summary>
    private static bool IsBegun(GoalInfo goal) => goal is { State: GoalState.WaitingApproval, Waiting: null } && goal.ApprovedVersion == goal.PlanVersion;

    private async Task<GoalInfo?> AskAsync(GoalInfo goal)
    {
        _terminal.Line();
        var word = await _terminal.AskTextAsync("Begin? yes, no, or what to change:", call.Stop);
        if (string.IsNullOrWhiteSpace(word))
        {
            GoalText.WriteWays(_terminal, goal);
            return null;
        }

        var heard = await call.Muster.SayMoreAsync(goal.ConversationId, new SayRequest { Text = word, MessageId = Guid.NewGuid().ToString("N") }, ct: call.Stop);
        return heard.Goal;
    }

    /// <summary>What the Chief of Staff said last.</summary>
    private async Task TellAsync(GoalInfo goal)
    {
        if (goal.Waiting is not null)
        {
            _terminal.Line($"{goal.Key} is kept and waits ({goal.Waiting.Replace('_', ' ')}):", Tone.Warn);
            _terminal.Block((goal.WaitingDetail ?? "") + "\n");
            if (goal.Waiting is GoalWaits.ModelsOff or GoalWaits.ProviderDown) _terminal.Block(WithoutModel);
            return;
        }

        var conversation = await call.Muster.GetConversationAsync(goal.ConversationId, call.Stop);
        var last = (await call.Muster.ListTurnsAsync(goal.ConversationId, Math.Max(0, conversation.Turns - 5), ct: call.Stop)).Items.LastOrDefault(t => t.Author == TurnAuthors.Chief);
        Say(last?.Text ?? goal.Report);
    }

    private void Say(string text) => _terminal.Block(text.TrimEnd() + "\n");
}
