using System.Text.Json.Nodes;
using Muster.ControlPlane.Models.Calling;

namespace Muster.ControlPlane.Models.Protocols.Chat;

/// <summary>Writes an answer as a chat completion, in chunks or whole.</summary>
internal sealed class ChatAnswerWriter(string model, NeutralRequest request) : IAnswerWriter
{
    private readonly long _created = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
    private string _id = $"chatcmpl-{Guid.NewGuid():N}";
    private string _model = model;
    private bool _roleSent;
    private TokenCounts? _tokens;

    public byte[] Write(AnswerEvent happened)
    {
        switch (happened)
        {
            case AnswerBegun begun:
                _id = begun.Id ?? _id;
                _model = begun.Model ?? _model;
                _roleSent = true;
                return Chunk(new JsonObject { ["role"] = "assistant", ["content"] = "" });
            case TextPiece piece:
                return Chunk(new JsonObject { ["content"] = piece.Text });
            case ThoughtPiece piece:
                return Chunk(new JsonObject { ["reasoning_content"] = piece.Text });
            case CallBegun call:
                return Chunk(Call(call.Index, new JsonObject { ["name"] = call.Name, ["arguments"] = "" }, call.Id));
            case CallArguments piece:
                return Chunk(Call(piece.Index, new JsonObject { ["arguments"] = piece.Json }, null));
            case UsageSeen usage:
                _tokens = usage.Tokens;
                return [];
            case AnswerStopped stopped:
                return Chunk([], Reason(stopped.Reason));
            case AnswerEnded:
                return [.. request.StreamUsage && _tokens is { } tokens ? UsageChunk(tokens) : [], .. "data: [DONE]\n\n"u8];
            default:
                return [];
        }
    }

    public static JsonObject Whole(WholeAnswer answer, NeutralRequest request)
    {
        var message = new JsonObject { ["role"] = "assistant", ["content"] = answer.Text.Length > 0 || answer.Calls.Count == 0 ? answer.Text : null };
        if (answer.Thought.Length > 0) message["reasoning_content"] = answer.Thought;
        if (answer.Calls.Count > 0)
            message["tool_calls"] = new JsonArray([.. answer.Calls.Select(c => (JsonNode)new JsonObject { ["id"] = c.Id, ["type"] = "function", ["function"] = new JsonObject { ["name"] = c.Name, ["arguments"] = c.Arguments } })]);
        var body = new JsonObject
        {
            ["id"] = answer.Id ?? $"chatcmpl-{Guid.NewGuid():N}",
            ["object"] = "chat.completion",
            ["created"] = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds(),
            ["model"] = answer.Model ?? request.Model,
            ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["message"] = message, ["logprobs"] = null, ["finish_reason"] = Reason(answer.Stop) }),
        };
        if (answer.Tokens is { } tokens) body["usage"] = Usage(tokens);
        return body;
    }

    private static JsonObject Usage(TokenCounts tokens) => new()
    {
        ["prompt_tokens"] = tokens.In + tokens.Cached + tokens.Stored,
        ["completion_tokens"] = tokens.Out,
        ["total_tokens"] = tokens.Total,
        ["prompt_tokens_details"] = new JsonObject { ["cached_tokens"] = tokens.Cached },
    };

    private static JsonObject Call(int index, JsonObject function, string? id)
    {
        var call = new JsonObject { ["index"] = index };
        if (id is not null) (call["id"], call["type"]) = (id, "function");
        call["function"] = function;
        return new JsonObject { ["tool_calls"] = new JsonArray(call) };
    }

    private byte[] Chunk(JsonObject delta, string? reason = null)
    {
        if (!_roleSent) delta["role"] = "assistant";
        _roleSent = true;
        return WireJson.Event(null, Frame(new JsonArray(new JsonObject { ["index"] = 0, ["delta"] = delta, ["finish_reason"] = reason })));
    }

    private byte[] UsageChunk(TokenCounts tokens)
    {
        var frame = Frame([]);
        frame["usage"] = Usage(tokens);
        return WireJson.Event(null, frame);
    }

    private JsonObject Frame(JsonArray choices) => new() { ["id"] = _id, ["object"] = "chat.completion.chunk", ["created"] = _created, ["model"] = _model, ["choices"] = choices };

    private static string Reason(StopReason reason) => reason switch
    {
        StopReason.MaxTokens => "length",
        StopReason.ToolCalls => "tool_calls",
        StopReason.Filtered => "content_filter",
        _ => "stop",
    };
}
