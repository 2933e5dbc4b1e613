using Microsoft.Extensions.AI;

namespace Muster.Runner.Builtin.Chat;

/// <summary>How often and how soon a question is asked again.</summary>
internal sealed record ModelPatience
{
    public int Tries { get; init; } = 6;
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(1);
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Longest silence of the gateway; models that think long send nothing for minutes.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromMinutes(5);
}

/// <summary>Hears an answer while it comes.</summary>
internal interface IAnswerListener
{
    void OnText(string text);

    /// <summary>What was heard of this answer does not count: it is asked for again.</summary>
    void OnAgain(string reason);
}

/// <summary>Asks the same question again when an answer does not come or breaks off. Nothing that was done before is done anew.</summary>
internal sealed class PatientModel(IChatClient client, ModelPatience patience, TimeProvider time)
{
    /// <exception cref="GatewayException">No answer after all tries, or a refusal that another try cannot help.</exception>
    public async Task<ChatResponse> AskAsync(IReadOnlyList<ChatMessage> messages, ChatOptions options, IAnswerListener? listener, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await OnceAsync(messages, options, listener, cancellation);
            }
            catch (GatewayException error) when (error.Failure == GatewayFailure.Broken && attempt < patience.Tries)
            {
                listener?.OnAgain(error.Message);
                await Task.Delay(Delay(attempt, error.RetryAfter), time, cancellation);
            }
        }
    }

    private async Task<ChatResponse> OnceAsync(IReadOnlyList<ChatMessage> messages, ChatOptions options, IAnswerListener? listener, CancellationToken cancellation)
    {
        List<ChatResponseUpdate> updates = [];
        await foreach (var update in client.GetStreamingResponseAsync(messages, options, cancellation))
        {
            updates.Add(update);
            if (update.Text.Length > 0) listener?.OnText(update.Text);
        }

        return updates.ToChatResponse();
    }

    private TimeSpan Delay(int attempt, TimeSpan? asked)
    {
        var ceiling = Math.Min(patience.LongestDelay.TotalMilliseconds, patience.FirstDelay.TotalMilliseconds * Math.Pow(2, attempt - 1));
        var own = TimeSpan.FromMilliseconds(ceiling * (0.5 + Random.Shared.NextDouble() / 2));
        return asked is { } wait && wait > own ? (wait < patience.LongestDelay ? wait : patience.LongestDelay) : own;
    }
}
