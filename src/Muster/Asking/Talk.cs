using Muster.Client;
using Muster.Commands;
using Muster.Contracts.Conversations;
using Muster.Terminals;

namespace Muster.Asking;

/// <summary>Talking with the Chief of Staff on a terminal: what was said before is shown, what comes is shown as it comes.</summary>
internal sealed class Talk(Call call) : IDisposable
{
    private const int Shown = 8;
    private readonly Terminal _terminal = call.Terminal;
    private readonly SemaphoreSlim _showing = new(1);
    private string? _conversation;
    private int _seen;

    public async Task<int> RunAsync(string? about)
    {
        _conversation = about is not null ? (await call.Muster.GetGoalAsync(about, call.Stop)).ConversationId
            : (await call.Muster.ListConversationsAsync(Channels.Terminal, limit: 1, ct: call.Stop)).Items is [var last, ..] ? last.Id : null;
        if (_conversation is not null) await HistoryAsync(_conversation);
        _terminal.Line("Say what you want. `status` tells how it stands, `yes` begins a plan, `/new` begins anew, `/quit` leaves.", Tone.Faint);
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(call.Stop);
        var hearing = HearAsync(leaving.Token);
        try
        {
            while (await _terminal.AskTextAsync("you>", call.Stop) is { } words)
            {
                if (words.Length == 0) continue;
                if (words is "/quit" or "/exit" or "/q") break;
                if (words is "/new") (_conversation, _seen) = (null, 0);
                else await SayAsync(words);
            }
        }
        finally
        {
            await leaving.CancelAsync();
            await hearing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return ExitCodes.Done;
    }

    public void Dispose() => _showing.Dispose();

    private async Task SayAsync(string words)
    {
        var said = new SayRequest { Text = words, Channel = Channels.Terminal, MessageId = Guid.NewGuid().ToString("N") };
        try
        {
            var heard = _conversation is null ? await call.Muster.SayAsync(said, ct: call.Stop) : await call.Muster.SayMoreAsync(_conversation, said, ct: call.Stop);
            _conversation = heard.Conversation.Id;
            if (heard.Goal is { State: GoalState.Planning, Waiting: null } goal && heard.Answer is null) _terminal.Line($"({goal.Key}: thinking ...)", Tone.Faint);
            await ShowNewAsync();
        }
        catch (MusterException refused)
        {
            _terminal.Fail(refused.Message);
        }
    }

    private async Task HistoryAsync(string conversation)
    {
        var turns = (await call.Muster.GetConversationAsync(conversation, call.Stop)).Turns;
        _seen = Math.Max(0, turns - Shown);
        foreach (var turn in (await call.Muster.ListTurnsAsync(conversation, _seen, limit: Shown, ct: call.Stop)).Items)
        {
            Show(turn);
            _seen = turn.Number;
        }
    }

    private async Task HearAsync(CancellationToken ct)
    {
        await foreach (var happened in call.Muster.FollowEventsAsync(filter: new EventFilter { Types = ["conversation.message"] }, ct: ct))
            if (happened.Data is { } data && data.TryGetProperty("conversation", out var id) && id.GetString() == _conversation) await ShowNewAsync();
    }

    /// <summary>What was said since the last look, but not what the person said here.</summary>
    private async Task ShowNewAsync()
    {
        await _showing.WaitAsync(call.Stop);
        try
        {
            if (_conversation is not { } conversation) return;
            foreach (var turn in (await call.Muster.ListTurnsAsync(conversation, _seen, ct: call.Stop)).Items)
            {
                _seen = turn.Number;
                if (turn.Author == TurnAuthors.Chief) Show(turn);
            }
        }
        finally
        {
            _showing.Release();
        }
    }

    private void Show(TurnInfo turn)
    {
        var lines = Plain.Lines(turn.Text).TrimEnd().Split('\n');
        var (who, tone) = turn.Author == TurnAuthors.Chief ? ("cos> ", Tone.Busy) : ("you> ", Tone.Faint);
        for (var i = 0; i < lines.Length; i++) _terminal.Line((i == 0 ? who : "     ") + lines[i], tone);
    }
}
