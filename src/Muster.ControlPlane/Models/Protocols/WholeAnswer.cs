using System.Text;
using Muster.ControlPlane.Models.Calling;

namespace Muster.ControlPlane.Models.Protocols;

/// <summary>An answer put together from its events.</summary>
public sealed class WholeAnswer
{
    private readonly List<(int Index, string Id, string Name, StringBuilder Arguments)> _calls = [];
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _thought = new();

    public string? Id { get; private set; }
    public string? Model { get; private set; }
    public TokenCounts? Tokens { get; private set; }
    public StopReason Stop { get; private set; }
    public string? StopSequence { get; private set; }
    public AnswerFailed? Failure { get; private set; }
    public string Thought => _thought.ToString();
    public string Text => _text.ToString();
    public IReadOnlyList<CallPart> Calls => [.. _calls.Select(c => new CallPart(c.Id, c.Name, c.Arguments.Length == 0 ? "{}" : c.Arguments.ToString()))];

    public static WholeAnswer Of(IEnumerable<AnswerEvent> events)
    {
        var answer = new WholeAnswer();
        foreach (var happened in events) answer.Add(happened);
        return answer;
    }

    public void Add(AnswerEvent happened)
    {
        switch (happened)
        {
            case AnswerBegun begun:
                Id ??= begun.Id;
                Model ??= begun.Model;
                break;
            case TextPiece piece:
                _text.Append(piece.Text);
                break;
            case ThoughtPiece piece:
                _thought.Append(piece.Text);
                break;
            case CallBegun call:
                _calls.Add((call.Index, call.Id, call.Name, new StringBuilder()));
                break;
            case CallArguments piece:
                _calls.FindLast(c => c.Index == piece.Index).Arguments?.Append(piece.Json);
                break;
            case UsageSeen usage:
                Tokens = usage.Tokens;
                break;
            case AnswerStopped stopped:
                (Stop, StopSequence) = (stopped.Reason, stopped.Sequence);
                break;
            case AnswerFailed failed:
                Failure = failed;
                break;
        }
    }
}
