using System.Text.Json.Nodes;

namespace Muster.ControlPlane.Models.Protocols.Responses;

internal static class ResponsesRequestWriter
{
    public static JsonObject Write(NeutralRequest request)
    {
        // Nothing is kept at the provider: the whole input comes each time.
        var body = new JsonObject { ["model"] = request.Model, ["input"] = Input(request), ["store"] = false };
        if (request.System.Count > 0) body["instructions"] = string.Join("\n\n", request.System);
        if (request.MaxTokens is { } max) body["max_output_tokens"] = max;
        if (request.Temperature is { } temperature) body["temperature"] = Math.Clamp(temperature, 0, 2);
        if (request.TopP is { } topP) body["top_p"] = topP;
        if (request.Tools.Count > 0)
        {
            body["tools"] = new JsonArray([.. request.Tools.Select(Tool)]);
            body.Set("tool_choice", Choice(request.Choice));
            if (request.ParallelCalls is { } parallel) body["parallel_tool_calls"] = parallel;
        }

        if (request.Format is { } format) body["text"] = new JsonObject { ["format"] = Format(format) };
        if (request.Effort is { } effort) body["reasoning"] = new JsonObject { ["effort"] = effort };
        if (request.Stream) body["stream"] = true;
        return body;
    }

    private static JsonArray Input(NeutralRequest request)
    {
        var input = new JsonArray();
        foreach (var turn in request.Turns)
        {
            var mine = turn.Role == TurnRole.Assistant;
            // Results stand first: they must follow the calls at once.
            foreach (var result in turn.Parts.OfType<ResultPart>())
                input.Add(new JsonObject { ["type"] = "function_call_output", ["call_id"] = result.CallId, ["output"] = Output(result) });
            var said = turn.Parts.Where(p => p is TextPart or ImagePart).ToList();
            if (said.Count > 0) input.Add(new JsonObject { ["type"] = "message", ["role"] = mine ? "assistant" : "user", ["content"] = new JsonArray([.. said.Select(p => Content(p, mine))]) });
            foreach (var call in turn.Parts.OfType<CallPart>())
                input.Add(new JsonObject { ["type"] = "function_call", ["call_id"] = call.Id, ["name"] = call.Name, ["arguments"] = call.Arguments });
        }

        return input;
    }

    private static JsonNode Output(ResultPart result) => result.Content.Any(p => p is ImagePart)
        ? new JsonArray([.. result.Content.Select(p => Content(p, false))])
        : JsonValue.Create(result.IsError ? $"Error: {result.Text}" : result.Text);

    private static JsonNode Content(Part part, bool mine) => part is ImagePart image
        ? new JsonObject { ["type"] = "input_image", ["image_url"] = image.Address }
        : new JsonObject { ["type"] = mine ? "output_text" : "input_text", ["text"] = (part as TextPart)?.Text ?? "" };

    private static JsonNode Tool(ToolForm tool)
    {
        var form = new JsonObject { ["type"] = "function", ["name"] = tool.Name };
        if (tool.Description is { } description) form["description"] = description;
        form["parameters"] = tool.Freeform ? ToolForms.FreeformSchema() : tool.Schema.Node() ?? ToolForms.NoArguments();
        // Left out, it would be on, and refuse most schemas that were written without it in mind.
        form["strict"] = tool.Strict ?? false;
        return form;
    }

    private static JsonNode? Choice(ToolChoice? choice) => choice?.Use switch
    {
        ToolUse.Auto => "auto",
        ToolUse.None => "none",
        ToolUse.Required => "required",
        ToolUse.Named => new JsonObject { ["type"] = "function", ["name"] = choice.Name },
        _ => null,
    };

    private static JsonObject Format(AnswerFormat format)
    {
        if (format.Schema is not { } schema) return new JsonObject { ["type"] = "json_object" };
        var body = new JsonObject { ["type"] = "json_schema", ["name"] = format.Name ?? "answer", ["schema"] = schema.Node() };
        if (format.Strict is { } strict) body["strict"] = strict;
        return body;
    }
}
