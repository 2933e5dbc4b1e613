using System.Text.Json.Nodes;

namespace Muster.Conformance.Models;

/// <summary>OpenAI chat completions, as OpenAI, OpenRouter, Groq and Ollama speak it.</summary>
internal sealed class ScriptedChat : IScriptedProtocol
{
    public ScriptedRequest Read(ScriptedRequest raw)
    {
        var system = new List<string>();
        var messages = new List<ScriptedMessage>();
        foreach (var message in ScriptedText.Objects(raw.Body["messages"]))
        {
            var text = ScriptedText.Of(message["content"]);
            var role = ScriptedText.String(message["role"]);
            if (role is "system" or "developer") system.Add(text);
            else messages.Add(new ScriptedMessage(role, text, [.. ScriptedText.Objects(message["tool_calls"]).Select(Call)], role == "tool" ? ScriptedText.String(message["tool_call_id"]) : null));
        }

        return raw with
        {
            System = string.Join('\n', system),
            Messages = messages,
            Tools = [.. ScriptedText.Objects(raw.Body["tools"]).Select(tool => new ScriptedTool(ScriptedText.String(tool["function"]?["name"]), tool["function"]?["parameters"]))],
        };

        static ScriptedCall Call(JsonObject call) => new(ScriptedText.String(call["function"]?["name"]), ScriptedText.String(call["function"]?["arguments"]), ScriptedText.String(call["id"]));
    }

    public JsonObject Whole(ScriptedAnswer answer)
    {
        var message = new JsonObject { ["role"] = "assistant", ["content"] = answer.Turn.Text.Length > 0 ? answer.Turn.Text : null };
        if (answer.Turn.Thinking.Length > 0) message["reasoning"] = answer.Turn.Thinking;
        if (answer.Turn.Calls.Count > 0) message["tool_calls"] = new JsonArray([.. answer.Turn.Calls.Select(call => (JsonNode)Call(call, call.Arguments))]);
        return new JsonObject
        {
            ["id"] = $"chatcmpl-{answer.Id}",
            ["object"] = "chat.completion",
            ["created"] = answer.Created,
            ["model"] = answer.Request.Model,
            ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["message"] = message, ["finish_reason"] = Finish(answer.Turn) }),
            ["usage"] = Usage(answer, answer.Length),
        };
    }

    public IEnumerable<ScriptedFrame> Stream(ScriptedAnswer answer)
    {
        long sent = 0;
        yield return Chunk(new JsonObject { ["role"] = "assistant", ["content"] = "" });
        foreach (var piece in ScriptedAnswer.Pieces(answer.Turn.Thinking)) yield return Counted(new JsonObject { ["reasoning"] = piece });
        foreach (var piece in answer.TextPieces()) yield return Counted(new JsonObject { ["content"] = piece });
        for (var index = 0; index < answer.Turn.Calls.Count; index++)
        {
            var call = answer.Turn.Calls[index];
            var first = Call(call, "");
            first["index"] = index;
            yield return Chunk(new JsonObject { ["tool_calls"] = new JsonArray(first) });
            foreach (var piece in ScriptedAnswer.Pieces(call.Arguments))
                yield return Counted(new JsonObject { ["tool_calls"] = new JsonArray(new JsonObject { ["index"] = index, ["function"] = new JsonObject { ["arguments"] = piece } }) });
        }

        yield return Chunk([], Finish(answer.Turn));
        if (ScriptedText.True(answer.Request.Body["stream_options"]?["include_usage"]) || ScriptedText.True(answer.Request.Body["usage"]?["include"]))
        {
            var last = Envelope();
            last["choices"] = new JsonArray();
            last["usage"] = Usage(answer, sent);
            yield return ScriptedFrame.Data(last);
        }

        yield return new ScriptedFrame("data: [DONE]\n\n", 0);

        ScriptedFrame Counted(JsonObject delta)
        {
            sent++;
            return Chunk(delta) with { Tokens = 1 };
        }

        ScriptedFrame Chunk(JsonObject delta, string? finish = null)
        {
            var chunk = Envelope();
            chunk["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["delta"] = delta, ["finish_reason"] = finish });
            return ScriptedFrame.Data(chunk);
        }

        JsonObject Envelope() => new() { ["id"] = $"chatcmpl-{answer.Id}", ["object"] = "chat.completion.chunk", ["created"] = answer.Created, ["model"] = answer.Request.Model };
    }

    public JsonObject Error(int status, string message, string? code) => OpenAiError(status, message, code);

    /// <summary>Chat completions and responses refuse alike.</summary>
    public static JsonObject OpenAiError(int status, string message, string? code)
    {
        var type = status switch { 401 => "authentication_error", 429 => "rate_limit_error", >= 500 => "server_error", _ => "invalid_request_error" };
        return new JsonObject { ["error"] = new JsonObject { ["message"] = message, ["type"] = code == "insufficient_quota" ? code : type, ["param"] = null, ["code"] = code ?? (status == 429 ? "rate_limit_exceeded" : null) } };
    }

    private static JsonObject Call(ScriptedCall call, string arguments) =>
        new() { ["id"] = call.Id, ["type"] = "function", ["function"] = new JsonObject { ["name"] = call.Name, ["arguments"] = arguments } };

    private static string Finish(ScriptedTurn turn) => turn.CutShort ? "length" : turn.Calls.Count > 0 ? "tool_calls" : "stop";

    private static JsonObject Usage(ScriptedAnswer answer, long sent)
    {
        var tokens = answer.Tokens(sent);
        var prompt = tokens.In + tokens.Cached + tokens.Stored;
        var usage = new JsonObject
        {
            ["prompt_tokens"] = prompt,
            ["completion_tokens"] = tokens.Out,
            ["total_tokens"] = prompt + tokens.Out,
            ["prompt_tokens_details"] = new JsonObject { ["cached_tokens"] = tokens.Cached },
        };
        if (answer.CostPerToken is { } cost) usage["cost"] = cost * (prompt + tokens.Out);
        return usage;
    }
}
