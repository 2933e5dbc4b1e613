using Microsoft.Extensions.AI;

namespace Muster.Runner.Builtin.Context;

/// <summary>An answer of the model, what its calls gave, and what the runner had to say about it.</summary>
internal sealed class Turn(ChatMessage answer)
{
    public ChatMessage Answer { get; } = answer;
    public List<FunctionResultContent> Results { get; } = [];
    public string? Note { get; set; }

    public IEnumerable<ChatMessage> Messages()
    {
        yield return Answer;
        if (Results.Count > 0) yield return new ChatMessage(ChatRole.Tool, [.. Results]);
        if (Note is not null) yield return new ChatMessage(ChatRole.User, $"[runner] {Note}");
    }
}

/// <summary>What the model is shown: who it is, the task, and the turns so far, or a summary of the older ones. A call never stands without its result.</summary>
internal sealed class Conversation(string system, string task)
{
    public string System => system;
    public string Task => task;
    public List<Turn> Turns { get; } = [];

    /// <summary>What happened in turns that are no longer here.</summary>
    public string? Earlier { get; set; }

    public IReadOnlyList<ChatMessage> Messages() =>
    [
        new(ChatRole.System, system),
        new(ChatRole.User, task),
        .. Earlier is null ? Enumerable.Empty<ChatMessage>() : [new ChatMessage(ChatRole.User, $"[runner] Your earlier turns were taken out to save room. Your own summary of them:\n<summary>\n{Earlier}\n</summary>\nGo on with the task.")],
        .. Turns.SelectMany(turn => turn.Messages()),
    ];
}

/// <summary>Counts tokens by characters, corrected by what the model's provider really counted.</summary>
internal sealed class TokenEstimate
{
    private const double CharactersPerToken = 4;
    private const int PerMessage = 6;

    private double _correction = 1;

    public long Of(IEnumerable<ChatMessage> messages, long toolCharacters) =>
        (long)((messages.Sum(message => (Length(message) / CharactersPerToken) + PerMessage) + (toolCharacters / CharactersPerToken)) * _correction);

    /// <summary>Learns from a count; a strange one moves it only so far.</summary>
    public void Learn(long estimated, long counted)
    {
        if (estimated <= 0 || counted <= 0) return;
        _correction = Math.Clamp(_correction * counted / estimated, 0.5, 2.5);
    }

    private static long Length(ChatMessage message) => message.Contents.Sum(content => content switch
    {
        TextContent text => (long)text.Text.Length,
        FunctionResultContent result => (result.Result as string)?.Length ?? 0,
        FunctionCallContent call => call.Name.Length + ((call.RawRepresentation as string)?.Length ?? 0),
        _ => 0,
    });
}
