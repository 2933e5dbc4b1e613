using System.Text.Json.Nodes;

namespace Muster.Conformance.Models;

/// <summary>Anthropic messages.</summary>
internal sealed class ScriptedMessages : IScriptedProtocol
{
    public ScriptedRequest Read(ScriptedRequest raw)
    {
        var messages = new List<ScriptedMessage>();
        foreach (var message in ScriptedText.Objects(raw.Body["messages"]))
        {
            foreach (var result in ScriptedText.Objects(message["content"]).Where(part => ScriptedText.String(part["type"]) == "tool_result"))
                messages.Add(new ScriptedMessage("tool", ScriptedText.Of(result["content"]), [], ScriptedText.String(result["tool_use_id"])));
            var calls = ScriptedText.Objects(message["content"]).Where(part => ScriptedText.String(part["type"]) == "tool_use")
                .Select(part => new ScriptedCall(ScriptedText.String(part["name"]), part["input"]?.ToJsonString() ?? "{}", ScriptedText.String(part["id"]))).ToList();
            var text = ScriptedText.Of(message["content"]);
            if (text.Length > 0 || calls.Count > 0) messages.Add(new ScriptedMessage(ScriptedText.String(message["role"]), text, calls));
        }

        return raw with
        {
            System = ScriptedText.Of(raw.Body["system"]),
            Messages = messages,
            Tools = [.. ScriptedText.Objects(raw.Body["tools"]).Select(tool => new ScriptedTool(ScriptedText.String(tool["name"]), tool["input_schema"]))],
        };
    }

    public JsonObject Whole(ScriptedAnswer answer)
    {
        var content = new JsonArray();
        if (answer.Turn.Thinking.Length > 0) content.Add((JsonNode)new JsonObject { ["type"] = "thinking", ["thinking"] = answer.Turn.Thinking, ["signature"] = "c2NyaXB0ZWQ=" });
        if (answer.Turn.Text.Length > 0) content.Add((JsonNode)new JsonObject { ["type"] = "text", ["text"] = answer.Turn.Text });
        foreach (var call in answer.Turn.Calls) content.Add((JsonNode)Use(call, JsonNode.Parse(call.Arguments)!));
        return Message(answer, content, Stop(answer.Turn), answer.Length);
    }

    public IEnumerable<ScriptedFrame> Stream(ScriptedAnswer answer)
    {
        long sent = 0;
        var block = 0;
        yield return ScriptedFrame.Event(new JsonObject { ["type"] = "message_start", ["message"] = Message(answer, [], null, 0) });
        yield return ScriptedFrame.Event(new JsonObject { ["type"] = "ping" });
        if (answer.Turn.Thinking.Length > 0)
        {
            yield return Start(new JsonObject { ["type"] = "thinking", ["thinking"] = "", ["signature"] = "" });
            foreach (var piece in ScriptedAnswer.Pieces(answer.Turn.Thinking)) yield return Delta(new JsonObject { ["type"] = "thinking_delta", ["thinking"] = piece }, 1);
            yield return Delta(new JsonObject { ["type"] = "signature_delta", ["signature"] = "c2NyaXB0ZWQ=" }, 0);
            yield return End();
        }

        if (answer.Turn.Text.Length > 0)
        {
            yield return Start(new JsonObject { ["type"] = "text", ["text"] = "" });
            foreach (var piece in answer.TextPieces()) yield return Delta(new JsonObject { ["type"] = "text_delta", ["text"] = piece }, 1);
            yield return End();
        }

        foreach (var call in answer.Turn.Calls)
        {
            yield return Start(Use(call, new JsonObject()));
            foreach (var piece in ScriptedAnswer.Pieces(call.Arguments)) yield return Delta(new JsonObject { ["type"] = "input_json_delta", ["partial_json"] = piece }, 1);
            yield return End();
        }

        yield return ScriptedFrame.Event(new JsonObject
        {
            ["type"] = "message_delta",
            ["delta"] = new JsonObject { ["stop_reason"] = Stop(answer.Turn), ["stop_sequence"] = null },
            ["usage"] = new JsonObject { ["output_tokens"] = sent },
        });
        yield return ScriptedFrame.Event(new JsonObject { ["type"] = "message_stop" });

        ScriptedFrame Start(JsonObject content) => ScriptedFrame.Event(new JsonObject { ["type"] = "content_block_start", ["index"] = block, ["content_block"] = content });
        ScriptedFrame End() => ScriptedFrame.Event(new JsonObject { ["type"] = "content_block_stop", ["index"] = block++ });
        ScriptedFrame Delta(JsonObject delta, int tokens)
        {
            sent += tokens;
            return ScriptedFrame.Event(new JsonObject { ["type"] = "content_block_delta", ["index"] = block, ["delta"] = delta }, tokens);
        }
    }

    public JsonObject Error(int status, string message, string? code) => new()
    {
        ["type"] = "error",
        ["error"] = new JsonObject
        {
            ["type"] = status switch
            {
                401 => "authentication_error",
                403 => "permission_error",
                404 => "not_found_error",
                413 => "request_too_large",
                429 => "rate_limit_error",
                529 => "overloaded_error",
                >= 500 => "api_error",
                _ => "invalid_request_error",
            },
            ["message"] = message,
        },
        ["request_id"] = "req_scripted",
    };

    private static JsonObject Message(ScriptedAnswer answer, JsonArray content, string? stop, long sent)
    {
        var tokens = answer.Tokens(sent);
        return new JsonObject
        {
            ["id"] = $"msg_{answer.Id}",
            ["type"] = "message",
            ["role"] = "assistant",
            ["model"] = answer.Request.Model,
            ["content"] = content,
            ["stop_reason"] = stop,
            ["stop_sequence"] = null,
            ["usage"] = new JsonObject
            {
                ["input_tokens"] = tokens.In,
                ["cache_creation_input_tokens"] = tokens.Stored,
                ["cache_read_input_tokens"] = tokens.Cached,
                ["output_tokens"] = tokens.Out,
            },
        };
    }

    private static JsonObject Use(ScriptedCall call, JsonNode input) => new() { ["type"] = "tool_use", ["id"] = call.Id, ["name"] = call.Name, ["input"] = input };

    private static string Stop(ScriptedTurn turn) => turn.CutShort ? "max_tokens" : turn.Calls.Count > 0 ? "tool_use" : "end_turn";
}
