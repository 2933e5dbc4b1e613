using System.Text.Json.Nodes;

namespace Muster.ControlPlane.Models.Protocols.Chat;

internal static class ChatRequestWriter
{
    public static JsonObject Write(NeutralRequest request)
    {
        var body = new JsonObject { ["model"] = request.Model, ["messages"] = Messages(request) };
        if (request.MaxTokens is { } max) body["max_tokens"] = max;
        if (request.Temperature is { } temperature) body["temperature"] = Math.Clamp(temperature, 0, 2);
        if (request.TopP is { } topP) body["top_p"] = topP;
        // No more than four are allowed.
        if (request.Stop.Count > 0) body["stop"] = new JsonArray([.. request.Stop.Take(4).Select(s => (JsonNode)s)]);
        if (request.Tools.Count > 0)
        {
            body["tools"] = new JsonArray([.. request.Tools.Select(Tool)]);
            body.Set("tool_choice", Choice(request.Choice));
            if (request.ParallelCalls is { } parallel) body["parallel_tool_calls"] = parallel;
        }

        if (request.Format is { } format) body["response_format"] = Format(format);
        if (request.Effort is { } effort) body["reasoning_effort"] = effort;
        if (request.Stream)
        {
            body["stream"] = true;
            body["stream_options"] = new JsonObject { ["include_usage"] = true };
        }

        return body;
    }

    private static JsonArray Messages(NeutralRequest request)
    {
        var messages = new JsonArray();
        if (request.System.Count > 0) messages.Add(Message("system", string.Join("\n\n", request.System)));
        foreach (var turn in request.Turns)
        {
            if (turn.Role == TurnRole.Assistant) messages.Add(Assistant(turn));
            else foreach (var message in User(turn)) messages.Add(message);
        }

        return messages;
    }

    private static JsonObject Assistant(Turn turn)
    {
        var text = string.Join('\n', turn.Parts.OfType<TextPart>().Select(t => t.Text));
        var calls = turn.Parts.OfType<CallPart>().ToList();
        var message = Message("assistant", text.Length > 0 || calls.Count == 0 ? text : null);
        if (calls.Count > 0)
            message["tool_calls"] = new JsonArray([.. calls.Select(c => (JsonNode)new JsonObject { ["id"] = c.Id, ["type"] = "function", ["function"] = new JsonObject { ["name"] = c.Name, ["arguments"] = c.Arguments } })]);
        return message;
    }

    // Results stand first: they must follow the calls at once. Their images cannot stand in them and come with what the user says.
    private static IEnumerable<JsonObject> User(Turn turn)
    {
        List<Part> said = [];
        foreach (var part in turn.Parts)
        {
            if (part is not ResultPart result)
            {
                said.Add(part);
                continue;
            }

            var message = Message("tool", result.IsError ? $"Error: {result.Text}" : result.Text);
            message["tool_call_id"] = result.CallId;
            yield return message;
            var images = result.Content.OfType<ImagePart>().ToList();
            if (images.Count > 0) said.AddRange([new TextPart($"Images of the result of {result.CallId}:"), .. images]);
        }

        if (said.Count == 0) yield break;
        yield return said.All(p => p is TextPart) ? Message("user", string.Join('\n', said.OfType<TextPart>().Select(t => t.Text))) : new JsonObject { ["role"] = "user", ["content"] = new JsonArray([.. said.Select(Content)]) };
    }

    private static JsonNode Content(Part part) => part is ImagePart image
        ? new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = image.Address } }
        : new JsonObject { ["type"] = "text", ["text"] = (part as TextPart)?.Text ?? "" };

    private static JsonObject Message(string role, string? text) => new() { ["role"] = role, ["content"] = text };

    private static JsonNode Tool(ToolForm tool)
    {
        var function = new JsonObject { ["name"] = tool.Name };
        if (tool.Description is { } description) function["description"] = description;
        function["parameters"] = tool.Freeform ? ToolForms.FreeformSchema() : tool.Schema.Node() ?? ToolForms.NoArguments();
        if (tool.Strict is { } strict) function["strict"] = strict;
        return new JsonObject { ["type"] = "function", ["function"] = function };
    }

    private static JsonNode? Choice(ToolChoice? choice) => choice?.Use switch
    {
        ToolUse.Auto => "auto",
        ToolUse.None => "none",
        ToolUse.Required => "required",
        ToolUse.Named => new JsonObject { ["type"] = "function", ["function"] = new JsonObject { ["name"] = choice.Name } },
        _ => null,
    };

    private static JsonObject Format(AnswerFormat format)
    {
        if (format.Schema is not { } schema) return new JsonObject { ["type"] = "json_object" };
        var inner = new JsonObject { ["name"] = format.Name ?? "answer", ["schema"] = schema.Node() };
        if (format.Strict is { } strict) inner["strict"] = strict;
        return new JsonObject { ["type"] = "json_schema", ["json_schema"] = inner };
    }
}
