using System.Text.Json;
using Microsoft.Extensions.AI;
using Muster.Runner.Builtin.Chat;
using Muster.Runner.Builtin.Context;
using Muster.Runner.Builtin.Guards;
using Muster.Runner.Builtin.Tools;
using Muster.Runner.Builtin.Transcripts;
using Muster.Runner.Executors;

namespace Muster.Runner.Builtin;

/// <summary>Asks the model, carries out its calls, shows it what came of them, until a tool says the end or a limit does.</summary>
internal sealed class AgentLoop(BuiltinLimits limits, PatientModel model, ToolBox tools, Conversation conversation, Transcript transcript, Progression progression, string route)
{
    private readonly LoopGuard _guard = new(limits.Guards);
    private readonly TokenEstimate _estimate = new();
    private int _silent;

    public long TokensIn { get; private set; }
    public long TokensOut { get; private set; }

    /// <summary>Commits what is uncommitted, if the loop may do so by itself.</summary>
    public required Func<CancellationToken, Task> CommitAsync { get; init; }

    /// <exception cref="GatewayException">No more answers.</exception>
    public async Task<ExecutionResult> RunAsync(CancellationToken cancellation)
    {
        var options = new ChatOptions { ModelId = route, MaxOutputTokens = limits.AnswerTokens, Tools = [.. tools.Declarations] };
        var compaction = new Compaction(model, _estimate, limits.ContextTokens);
        for (var step = 1; step <= limits.Steps; step++)
        {
            if (TokensIn + TokensOut >= limits.Tokens) return ExecutionResult.Failed($"It used {TokensIn + TokensOut:n0} tokens, the limit of an attempt, without finishing.");
            if (await tools.RefreshAsync(transcript.Note, cancellation)) options.Tools = [.. tools.Declarations];
            await MakeRoomAsync(compaction, options, cancellation);
            var response = await AskAsync(step, compaction, options, cancellation);
            var turn = new Turn(Answer(response));
            conversation.Turns.Add(turn);
            var end = await CarryOutAsync(turn, response, cancellation);
            if (end is not null || progression.End is not null) return end ?? progression.End!;
            if (progression.Uncommitted >= limits.ChangesPerCommit) await CommitAsync(cancellation);
        }

        return ExecutionResult.Failed($"It did not finish within {limits.Steps} steps.");
    }

    private async Task<ChatResponse> AskAsync(int step, Compaction compaction, ChatOptions options, CancellationToken cancellation)
    {
        for (var tighter = compaction; ; tighter = tighter.Tighter())
        {
            var messages = conversation.Messages();
            var estimated = _estimate.Of(messages, tools.Characters);
            transcript.Step(step, messages.Count, estimated);
            try
            {
                var response = await model.AskAsync(messages, options, transcript, cancellation);
                transcript.Answer(response);
                Count(response.Usage);
                _estimate.Learn(estimated, response.Usage?.InputTokenCount ?? 0);
                return response;
            }
            catch (GatewayException error) when (error.Failure == GatewayFailure.TooLong && tighter.Limit > 8000)
            {
                transcript.Note($"the conversation is too long for the model: {error.Message}");
                await MakeRoomAsync(tighter.Tighter(), options, cancellation);
            }
        }
    }

    private async Task MakeRoomAsync(Compaction compaction, ChatOptions options, CancellationToken cancellation)
    {
        var (done, usage) = await compaction.MakeRoomAsync(conversation, options, tools.Characters, cancellation);
        Count(usage);
        if (done is not null) transcript.Note(done);
    }

    private async Task<ExecutionResult?> CarryOutAsync(Turn turn, ChatResponse response, CancellationToken cancellation)
    {
        var calls = turn.Answer.Contents.OfType<FunctionCallContent>().ToList();
        if (calls.Count == 0) return Silent(turn, response);
        _silent = 0;
        var cutShort = response.FinishReason == ChatFinishReason.Length;
        for (var index = 0; index < calls.Count; index++)
        {
            var call = calls[index];
            transcript.Call(call);
            if (index >= limits.CallsPerStep || progression.End is not null)
            {
                Answer(turn, call, new ToolResult(progression.End is null ? $"Not carried out: at most {limits.CallsPerStep} calls at once." : "Not carried out: the attempt is at its end.", Failed: true));
                continue;
            }

            var (result, readable) = await tools.CallAsync(call, cancellation);
            if (!readable && cutShort) result = result with { Text = $"{result.Text} Your answer was cut at {limits.AnswerTokens} tokens: write long files in several parts." };
            Answer(turn, call, result);
            var verdict = _guard.Observe($"{call.Name} {JsonSerializer.Serialize(call.Arguments)}", result.Text, readable, result.Failed, progression.Steps);
            if (progression.End is null && verdict.End is { } why) return ExecutionResult.Failed($"The agent went round in circles: {why}.");
            if (verdict.Warning is { } warning) turn.Note = warning;
        }

        return null;
    }

    private void Answer(Turn turn, FunctionCallContent call, ToolResult result)
    {
        transcript.Result(call, result);
        turn.Results.Add(new FunctionResultContent(call.CallId, result.Failed ? $"FAILED: {result.Text}" : result.Text));
    }

    private ExecutionResult? Silent(Turn turn, ChatResponse response)
    {
        _silent++;
        if (_silent < limits.Guards.Silent)
        {
            turn.Note = response.FinishReason == ChatFinishReason.Length
                ? $"Your answer was cut at {limits.AnswerTokens} tokens. Go on with a tool call."
                : "You called no tool. If the task is done, call finish; if not, go on with it.";
            return null;
        }

        // Some models never learn to hand in by themselves. The plane judges the work, not the manner.
        if (progression.Steps == 0) return ExecutionResult.Failed($"The model answered {_silent} times without calling a tool, and did nothing.");
        return new ExecutionResult { Ending = Ending.Ready, Summary = Summaries.Compose(transcript.Clean(response.Text.Trim()), ["The agent did not hand in by itself; these are its last words."], progression.Commands) };
    }

    // Some providers refuse an answer without content, and none needs the thoughts again.
    private static ChatMessage Answer(ChatResponse response)
    {
        var contents = response.Messages.SelectMany(message => message.Contents).Where(content => content is TextContent { Text.Length: > 0 } or FunctionCallContent).ToList();
        return new ChatMessage(ChatRole.Assistant, contents.Count > 0 ? contents : [new TextContent("(no answer)")]);
    }

    private void Count(UsageDetails? usage)
    {
        TokensIn += usage?.InputTokenCount ?? 0;
        TokensOut += usage?.OutputTokenCount ?? 0;
    }
}
