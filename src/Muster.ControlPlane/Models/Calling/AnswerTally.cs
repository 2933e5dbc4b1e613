using Muster.ControlPlane.Models.Protocols;

namespace Muster.ControlPlane.Models.Calling;

/// <summary>What is kept of an answer while it passes: its tokens, who served it, whether it came to its end.</summary>
internal sealed class AnswerTally
{
    private long _characters;
    private TokenCounts? _counted;

    public string? Served { get; private set; }
    public double? CostUsd { get; private set; }

    /// <summary>Something that the caller can use has come.</summary>
    public bool HasContent { get; private set; }
    public bool HasStopped { get; private set; }
    public bool HasEnded { get; private set; }
    public AnswerFailed? Failure { get; private set; }

    public void Add(AnswerEvent happened)
    {
        switch (happened)
        {
            case AnswerBegun begun:
                Served = begun.Model ?? Served;
                break;
            case TextPiece piece:
                Content(piece.Text.Length);
                break;
            case ThoughtPiece piece:
                Content(piece.Text.Length);
                break;
            case CallBegun call:
                Content(call.Name.Length);
                break;
            case CallArguments piece:
                Content(piece.Json.Length);
                break;
            case UsageSeen usage:
                _counted = usage.Tokens;
                CostUsd = usage.CostUsd ?? CostUsd;
                break;
            case AnswerStopped:
                HasStopped = true;
                break;
            case AnswerFailed failed:
                Failure ??= failed;
                break;
            case AnswerEnded:
                HasEnded = true;
                break;
        }
    }

    /// <summary>The tokens as the provider counted them; else, of what was delivered, an estimate.</summary>
    /// <param name="asked">Estimate of the request, for when the provider did not count that.</param>
    /// <param name="whole">Whether the answer came to its end.</param>
    /// <param name="taken">Whether the provider may have begun on it: then it charges for the request, whoever went away meanwhile.</param>
    public (TokenCounts Tokens, bool Counted) Tokens(Func<long> asked, bool whole, bool taken)
    {
        if (whole && _counted is { } counted) return (counted, true);
        if (!HasContent && !whole && (_counted is not null || !taken)) return (_counted ?? new TokenCounts(0, 0), true);
        // What comes first counts the request and hardly any of the answer.
        var written = TokenEstimate.OfCharacters(_characters);
        return (_counted is { } begun ? begun with { Out = Math.Max(begun.Out, written) } : new TokenCounts(asked(), written), false);
    }

    private void Content(int characters)
    {
        HasContent = true;
        _characters += characters;
    }
}
