using System.Text.Json;
using Microsoft.Extensions.Options;
using Muster.Contracts.Conversations;
using Muster.ControlPlane.Events.Bus;
using Muster.ControlPlane.Models;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Conversations.Planning;

/// <summary>What thinking came to: an answer that holds up, or why there is none.</summary>
internal sealed record Thought<T>
{
    public T? Answer { get; init; }

    /// <summary>What was wrong with the last answer.</summary>
    public IReadOnlyList<string> Faults { get; init; } = [];

    /// <summary>No model could be asked.</summary>
    public ModelsUnavailableException? Unavailable { get; init; }

    /// <summary>The goal has changed meanwhile, or may not ask any more: the thought is worth nothing.</summary>
    public bool Void { get; init; }
}

/// <summary>Asks a model for an answer of a type and does not take one that does not hold up: it goes back with what is wrong, a bounded number of times.</summary>
internal sealed class Thinker(IModels models, Store store, MessageBus bus, IOptions<ChiefOptions> options, TimeProvider time)
{
    private readonly ChiefOptions _options = options.Value;

    /// <param name="goal">For which, as it stands; the call is counted on it.</param>
    /// <param name="instructions">Who the model is and what it is to do.</param>
    /// <param name="question">What is known and was said.</param>
    /// <param name="faults">What is wrong with an answer.</param>
    /// <param name="ct">Gives it up.</param>
    public async Task<Thought<T>> AskAsync<T>(GoalRow goal, string instructions, string question, Func<T, IReadOnlyList<string>> faults, CancellationToken ct)
        where T : class
    {
        var schema = AnswerFormat.SchemaOf<T>();
        List<ModelTurn> turns = [new("user", question)];
        IReadOnlyList<string> wrong = [];
        for (var round = 0; round <= _options.MaxCorrections; round++)
        {
            if (!await CountAsync(goal, ct)) return new Thought<T> { Void = true };
            string? text;
            try
            {
                text = await OneAsync(goal, instructions, turns, schema, ct);
            }
            catch (ModelsUnavailableException unavailable)
            {
                // Where the route itself cannot be asked, it is not the question that was refused.
                var known = unavailable.Code is GoalWaits.ProviderDown or GoalWaits.Budget or GoalWaits.ModelsOff;
                return new Thought<T> { Unavailable = known || models.WhyNot(_options.Route) is not { } why ? unavailable : new ModelsUnavailableException(GoalWaits.ModelsOff, why) };
            }

            var (answer, fault) = text is null || text.Length > _options.MaxAnswer
                ? (null, $"The answer was cut off at {_options.MaxAnswer} characters; answer far more briefly.")
                : AnswerFormat.Read<T>(text);
            wrong = fault is not null ? [fault] : faults(answer!);
            if (wrong.Count == 0) return new Thought<T> { Answer = answer };
            // One correction stands for those before it: what is sent does not grow with each.
            turns = [turns[0], new("assistant", Wording.Lines(text, 30_000) is { Length: > 0 } said ? said : "(nothing)"), ChiefPrompt.Correction(wrong)];
        }

        return new Thought<T> { Faults = wrong };
    }

    /// <summary>A call is counted before it is made, so that a plane which dies again and again does not ask without end.</summary>
    private Task<bool> CountAsync(GoalRow goal, CancellationToken ct) => store.WriteAsync(
        tx => tx.Execute("UPDATE goals SET calls = calls + 1 WHERE id = @Id AND revision = @Revision AND ended_at IS NULL AND calls < @MaxCalls", new { goal.Id, goal.Revision, _options.MaxCalls }) == 1, ct);

    /// <returns>Null when it was cut off because it did not end.</returns>
    private async Task<string?> OneAsync(GoalRow goal, string instructions, IReadOnlyList<ModelTurn> turns, JsonElement schema, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        using var timer = time.CreateTimer(_ => limit.Cancel(), null, _options.AnswerTimeout, Timeout.InfiniteTimeSpan);
        var length = 0;
        var saying = new Saying(bus, goal.Key);
        try
        {
            var reply = await models.AskAsync(new ModelQuestion
            {
                Route = _options.Route,
                Agent = "cos",
                ProjectId = goal.ProjectId,
                Instructions = instructions,
                Turns = [.. turns],
                Schema = schema,
                // About four characters a token.
                MaxTokens = Math.Max(1000, _options.MaxAnswer / 4),
                OnText = piece =>
                {
                    if (Interlocked.Add(ref length, piece.Length) > _options.MaxAnswer) limit.Cancel();
                    saying.Hear(piece);
                },
            }, limit.Token);
            return reply.Text;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            if (Volatile.Read(ref length) > _options.MaxAnswer) return null;
            throw new ModelsUnavailableException(GoalWaits.ProviderDown, $"The model did not answer within {_options.AnswerTimeout.TotalSeconds:0} seconds.");
        }
    }
}
