using System.Text;
using System.Text.Json.Nodes;
using Muster.ControlPlane.Models.Calling;

namespace Muster.ControlPlane.Models.Protocols.Generate;

/// <summary>Writes an answer in Google's pieces, or whole. A call of a function has no pieces there: it is told once its arguments are whole.</summary>
internal sealed class GenerateAnswerWriter(string model) : IAnswerWriter
{
    private readonly CallOrder _order = new();
    private readonly StringBuilder _arguments = new();
    private CallBegun? _call;
    private string _id = Guid.NewGuid().ToString("N");
    private string _model = model;
    private TokenCounts? _tokens;
    private StopReason _stop;

    public byte[] Write(AnswerEvent happened)
    {
        switch (happened)
        {
            case AnswerBegun begun:
                (_id, _model) = (begun.Id ?? _id, begun.Model ?? _model);
                return [];
            case TextPiece piece:
                return Piece(Text(piece.Text));
            case ThoughtPiece piece:
                return Piece(Thought(piece.Text));
            case CallBegun or CallArguments or CallEnded:
                return [.. _order.Next(happened).SelectMany(Call)];
            case UsageSeen usage:
                _tokens = usage.Tokens;
                return [];
            case AnswerStopped stopped:
                _stop = stopped.Reason;
                return [];
            case AnswerEnded:
                return [.. _order.Rest().SelectMany(Call), .. WireJson.Event(null, Frame([], _stop, _tokens, _id, _model))];
            default:
                return [];
        }
    }

    public static JsonObject Whole(WholeAnswer answer, NeutralRequest request)
    {
        List<JsonNode> parts = [];
        if (answer.Thought.Length > 0) parts.Add(Thought(answer.Thought));
        if (answer.Text.Length > 0) parts.Add(Text(answer.Text));
        parts.AddRange(answer.Calls.Select(c => Call(c.Id, c.Name, c.Arguments)));
        return Frame(parts, answer.Stop, answer.Tokens, answer.Id ?? Guid.NewGuid().ToString("N"), answer.Model ?? request.Model);
    }

    private byte[] Call(AnswerEvent happened)
    {
        switch (happened)
        {
            case CallBegun begun:
                _call = begun;
                _arguments.Clear();
                return [];
            case CallArguments piece:
                _arguments.Append(piece.Json);
                return [];
            default:
                return _call is { } whole ? Piece(Call(whole.Id, whole.Name, _arguments.ToString())) : [];
        }
    }

    private byte[] Piece(JsonNode part) => WireJson.Event(null, Frame([part], null, null, _id, _model));

    private static JsonObject Frame(IReadOnlyList<JsonNode> parts, StopReason? stop, TokenCounts? tokens, string id, string model)
    {
        var candidate = new JsonObject { ["content"] = new JsonObject { ["role"] = "model", ["parts"] = new JsonArray([.. parts]) }, ["index"] = 0 };
        if (stop is { } reason) candidate["finishReason"] = reason switch { StopReason.MaxTokens => "MAX_TOKENS", StopReason.Filtered => "SAFETY", _ => "STOP" };
        var frame = new JsonObject { ["candidates"] = new JsonArray(candidate), ["modelVersion"] = model, ["responseId"] = id };
        if (tokens is not null)
        {
            frame["usageMetadata"] = new JsonObject
            {
                ["promptTokenCount"] = tokens.In + tokens.Cached + tokens.Stored,
                ["cachedContentTokenCount"] = tokens.Cached,
                ["candidatesTokenCount"] = tokens.Out,
                ["totalTokenCount"] = tokens.Total,
            };
        }

        return frame;
    }

    private static JsonObject Text(string text) => new() { ["text"] = text };

    private static JsonObject Thought(string text) => new() { ["text"] = text, ["thought"] = true };

    private static JsonObject Call(string id, string name, string arguments) => new() { ["functionCall"] = new JsonObject { ["id"] = id, ["name"] = name, ["args"] = WireJson.Arguments(arguments) } };
}
