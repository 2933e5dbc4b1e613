using Muster.ControlPlane.Models.Calling;

namespace Muster.ControlPlane.Models.Protocols;

/// <summary>One thing that an answer says, in no protocol's words.</summary>
public abstract record AnswerEvent;

/// <param name="Id">The provider's id of the answer.</param>
/// <param name="Model">The model that serves it, as the provider says.</param>
public sealed record AnswerBegun(string? Id, string? Model) : AnswerEvent;

public sealed record TextPiece(string Text) : AnswerEvent;

/// <summary>A piece of what the model thought before it answered, where the provider shows it.</summary>
public sealed record ThoughtPiece(string Text) : AnswerEvent;

/// <param name="Index">Tells the calls of one answer apart; they may come interleaved.</param>
/// <param name="Id">To be named with the result.</param>
/// <param name="Name">The tool.</param>
public sealed record CallBegun(int Index, string Id, string Name) : AnswerEvent;

public sealed record CallArguments(int Index, string Json) : AnswerEvent;

public sealed record CallEnded(int Index) : AnswerEvent;

/// <summary>Tokens so far; a later one replaces an earlier.</summary>
public sealed record UsageSeen(TokenCounts Tokens, double? CostUsd = null) : AnswerEvent;

/// <param name="Reason">Why the model stopped.</param>
/// <param name="Sequence">The stop sequence that it met.</param>
public sealed record AnswerStopped(StopReason Reason, string? Sequence = null) : AnswerEvent;

/// <summary>The provider says, in the answer, that it failed.</summary>
/// <param name="Status">The HTTP status that it would have had; 0 when it does not say.</param>
/// <param name="Type">The provider's word for it.</param>
/// <param name="Message">The provider's sentence.</param>
public sealed record AnswerFailed(int Status, string? Type, string Message) : AnswerEvent;

/// <summary>The answer is whole.</summary>
public sealed record AnswerEnded : AnswerEvent;

public enum StopReason
{
    End,
    MaxTokens,
    ToolCalls,
    StopSequence,
    Filtered,
}
