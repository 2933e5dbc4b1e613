using System.Text.Json.Nodes;

namespace Muster.Conformance.Models;

/// <summary>OpenAI responses.</summary>
internal sealed class ScriptedResponses : IScriptedProtocol
{
    public ScriptedRequest Read(ScriptedRequest raw)
    {
        var system = new List<string> { ScriptedText.String(raw.Body["instructions"]) };
        var messages = new List<ScriptedMessage>();
        if (raw.Body["input"] is JsonValue plain) messages.Add(new ScriptedMessage("user", ScriptedText.Of(plain), []));
        foreach (var item in ScriptedText.Objects(raw.Body["input"]))
        {
            switch (ScriptedText.String(item["type"]))
            {
                case "function_call":
                    messages.Add(new ScriptedMessage("assistant", "", [new ScriptedCall(ScriptedText.String(item["name"]), ScriptedText.String(item["arguments"]), ScriptedText.String(item["call_id"]))]));
                    break;
                case "custom_tool_call":
                    messages.Add(new ScriptedMessage("assistant", "", [new ScriptedCall(ScriptedText.String(item["name"]), ScriptedText.String(item["input"]), ScriptedText.String(item["call_id"]))]));
                    break;
                case "reasoning":
                    messages.Add(new ScriptedMessage("assistant", "", []));
                    break;
                case "function_call_output" or "custom_tool_call_output":
                    messages.Add(new ScriptedMessage("tool", ScriptedText.Of(item["output"]), [], ScriptedText.String(item["call_id"])));
                    break;
                case "message" or "":
                    var role = ScriptedText.String(item["role"]);
                    if (role is "system" or "developer") system.Add(ScriptedText.Of(item["content"]));
                    else messages.Add(new ScriptedMessage(role, ScriptedText.Of(item["content"]), []));
                    break;
            }
        }

        return raw with
        {
            System = string.Join('\n', system.Where(text => text.Length > 0)),
            Messages = messages,
            Tools = [.. ScriptedText.Objects(raw.Body["tools"]).Select(tool => new ScriptedTool(ScriptedText.String(tool["name"] ?? tool["type"]), tool["parameters"]))],
        };
    }

    public JsonObject Whole(ScriptedAnswer answer) => Response(answer, "completed", new JsonArray([.. Items(answer).Select(item => (JsonNode)item)]), answer.Length);

    public IEnumerable<ScriptedFrame> Stream(ScriptedAnswer answer)
    {
        var number = 0;
        long sent = 0;
        var done = new JsonArray();
        yield return Event("response.created", new JsonObject { ["response"] = Response(answer, "in_progress", [], null) });
        yield return Event("response.in_progress", new JsonObject { ["response"] = Response(answer, "in_progress", [], null) });
        foreach (var item in Items(answer))
        {
            var index = done.Count;
            var id = ScriptedText.String(item["id"]);
            var kind = ScriptedText.String(item["type"]);
            yield return Event("response.output_item.added", new JsonObject { ["output_index"] = index, ["item"] = Empty(item) });
            if (kind == "message")
            {
                yield return Part("response.content_part.added", "");
                foreach (var piece in answer.TextPieces())
                    yield return Counted("response.output_text.delta", new JsonObject { ["item_id"] = id, ["output_index"] = index, ["content_index"] = 0, ["delta"] = piece });
                yield return Event("response.output_text.done", new JsonObject { ["item_id"] = id, ["output_index"] = index, ["content_index"] = 0, ["text"] = answer.Turn.Text });
                yield return Part("response.content_part.done", answer.Turn.Text);
            }
            else if (kind == "reasoning")
            {
                foreach (var piece in ScriptedAnswer.Pieces(answer.Turn.Thinking))
                    yield return Counted("response.reasoning_summary_text.delta", new JsonObject { ["item_id"] = id, ["output_index"] = index, ["summary_index"] = 0, ["delta"] = piece });
                yield return Event("response.reasoning_summary_text.done", new JsonObject { ["item_id"] = id, ["output_index"] = index, ["summary_index"] = 0, ["text"] = answer.Turn.Thinking });
            }
            else
            {
                var (field, name) = kind == "function_call" ? ("arguments", "response.function_call_arguments") : ("input", "response.custom_tool_call_input");
                var value = ScriptedText.String(item[field]);
                foreach (var piece in ScriptedAnswer.Pieces(value)) yield return Counted($"{name}.delta", new JsonObject { ["item_id"] = id, ["output_index"] = index, ["delta"] = piece });
                yield return Event($"{name}.done", new JsonObject { ["item_id"] = id, ["output_index"] = index, [field] = value });
            }

            yield return Event("response.output_item.done", new JsonObject { ["output_index"] = index, ["item"] = item.DeepClone() });
            done.Add((JsonNode)item);

            ScriptedFrame Part(string name, string text) =>
                Event(name, new JsonObject { ["item_id"] = id, ["output_index"] = index, ["content_index"] = 0, ["part"] = Text(text) });
        }

        var end = answer.Turn.CutShort ? "incomplete" : "completed";
        yield return Event($"response.{end}", new JsonObject { ["response"] = Response(answer, end, done, sent) });

        ScriptedFrame Counted(string type, JsonObject body)
        {
            sent++;
            return Event(type, body) with { Tokens = 1 };
        }

        ScriptedFrame Event(string type, JsonObject body)
        {
            body["type"] = type;
            body["sequence_number"] = number++;
            return ScriptedFrame.Event(body);
        }
    }

    public JsonObject Error(int status, string message, string? code) => ScriptedChat.OpenAiError(status, message, code);

    private static IEnumerable<JsonObject> Items(ScriptedAnswer answer)
    {
        if (answer.Turn.Thinking.Length > 0)
        {
            yield return new JsonObject
            {
                ["id"] = $"rs_{answer.Id}",
                ["type"] = "reasoning",
                ["summary"] = new JsonArray(new JsonObject { ["type"] = "summary_text", ["text"] = answer.Turn.Thinking }),
            };
        }

        if (answer.Turn.Text.Length > 0)
            yield return new JsonObject { ["id"] = $"msg_{answer.Id}", ["type"] = "message", ["status"] = "completed", ["role"] = "assistant", ["content"] = new JsonArray(Text(answer.Turn.Text)) };
        for (var index = 0; index < answer.Turn.Calls.Count; index++)
        {
            var call = answer.Turn.Calls[index];
            var plain = ScriptedText.Objects(answer.Request.Body["tools"]).Any(tool => ScriptedText.String(tool["type"]) == "custom" && ScriptedText.String(tool["name"]) == call.Name);
            // A tool that the request keeps in a namespace is called by both names.
            var inside = call.Name.IndexOf('/', StringComparison.Ordinal);
            var item = new JsonObject
            {
                ["id"] = $"{(plain ? "ctc" : "fc")}_{answer.Id}_{index}",
                ["type"] = plain ? "custom_tool_call" : "function_call",
                ["status"] = "completed",
                ["call_id"] = call.Id,
                ["name"] = call.Name[(inside + 1)..],
                [plain ? "input" : "arguments"] = call.Arguments,
            };
            if (inside > 0) item["namespace"] = call.Name[..inside];
            yield return item;
        }
    }

    // As an item looks before anything of it has come.
    private static JsonObject Empty(JsonObject item)
    {
        var empty = (JsonObject)item.DeepClone();
        if (empty.ContainsKey("status")) empty["status"] = "in_progress";
        foreach (var list in new[] { "content", "summary" }.Where(empty.ContainsKey)) empty[list] = new JsonArray();
        foreach (var text in new[] { "arguments", "input" }.Where(empty.ContainsKey)) empty[text] = "";
        return empty;
    }

    private static JsonObject Text(string text) => new() { ["type"] = "output_text", ["annotations"] = new JsonArray(), ["text"] = text };

    private static JsonObject Response(ScriptedAnswer answer, string status, JsonArray output, long? sent)
    {
        var response = new JsonObject
        {
            ["id"] = $"resp_{answer.Id}",
            ["object"] = "response",
            ["created_at"] = answer.Created,
            ["status"] = status,
            ["error"] = null,
            ["incomplete_details"] = status == "incomplete" ? new JsonObject { ["reason"] = "max_output_tokens" } : null,
            ["model"] = answer.Request.Model,
            ["output"] = output,
            ["parallel_tool_calls"] = true,
            ["usage"] = null,
        };
        if (sent is not { } count) return response;
        var tokens = answer.Tokens(count);
        var prompt = tokens.In + tokens.Cached + tokens.Stored;
        response["usage"] = new JsonObject
        {
            ["input_tokens"] = prompt,
            ["input_tokens_details"] = new JsonObject { ["cached_tokens"] = tokens.Cached },
            ["output_tokens"] = tokens.Out,
            ["output_tokens_details"] = new JsonObject { ["reasoning_tokens"] = 0 },
            ["total_tokens"] = prompt + tokens.Out,
        };
        return response;
    }
}
