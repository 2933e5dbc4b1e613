using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Muster.Conformance.Models;

/// <summary>A turn on its way out: numbered, counted, cut into the pieces that a stream sends. A piece is a token.</summary>
internal sealed record ScriptedAnswer(ScriptedRequest Request, ScriptedTurn Turn, ScriptedTokens Prompt, double? CostPerToken)
{
    private const int PieceLength = 8;

    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public string Id => $"scripted{Request.Number:d6}";

    public long Created => 1_790_000_000 + Request.Number;

    /// <summary>Counts for an answer of <paramref name="sent"/> tokens.</summary>
    public ScriptedTokens Tokens(long sent) => Prompt with { Out = sent };

    public long Length => Pieces(Turn.Thinking).Count() + Pieces(Turn.Text).Count() + Turn.Calls.Sum(call => Pieces(call.Arguments).Count());

    public static string Write(JsonNode node) => node.ToJsonString(Json);

    /// <summary>After a blank or 8 characters, never inside a character.</summary>
    public static IEnumerable<string> Pieces(string text)
    {
        var start = 0;
        for (var at = 1; at <= text.Length; at++)
        {
            var full = at - start >= PieceLength || at == text.Length || char.IsWhiteSpace(text[at - 1]);
            if (!full || (at < text.Length && char.IsLowSurrogate(text[at]))) continue;
            yield return text[start..at];
            start = at;
        }
    }

    public IEnumerable<string> TextPieces()
    {
        do
        {
            foreach (var piece in Pieces(Turn.Text)) yield return piece;
        }
        while (Turn is { Endless: true, Text.Length: > 0 });
    }
}

/// <summary>One event of a stream with the tokens it carries.</summary>
internal readonly record struct ScriptedFrame(string Text, int Tokens)
{
    public static ScriptedFrame Data(JsonNode json, int tokens = 0) => new($"data: {ScriptedAnswer.Write(json)}\n\n", tokens);

    public static ScriptedFrame Event(JsonObject json, int tokens = 0) => new($"event: {json["type"]!.GetValue<string>()}\ndata: {ScriptedAnswer.Write(json)}\n\n", tokens);
}

/// <summary>How one protocol says things.</summary>
internal interface IScriptedProtocol
{
    /// <summary>Fills in what the protocol keeps in its own places: model, system, messages, tools.</summary>
    ScriptedRequest Read(ScriptedRequest raw);

    JsonObject Whole(ScriptedAnswer answer);

    IEnumerable<ScriptedFrame> Stream(ScriptedAnswer answer);

    JsonObject Error(int status, string message, string? code);
}
