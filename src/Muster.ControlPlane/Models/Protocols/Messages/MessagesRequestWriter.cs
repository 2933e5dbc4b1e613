using System.Text.Json.Nodes;

namespace Muster.ControlPlane.Models.Protocols.Messages;

internal static class MessagesRequestWriter
{
    private const int DefaultMaxTokens = 8192;

    public static JsonObject Write(NeutralRequest request)
    {
        var max = request.MaxTokens ?? DefaultMaxTokens;
        var body = new JsonObject { ["model"] = request.Model, ["max_tokens"] = max };
        var system = request.System.Where(s => s.Length > 0).ToList();
        // Without a schema JSON cannot be forced; it is asked for.
        if (request.Format is { Schema: null }) system.Add("Answer with one JSON object and nothing else.");
        if (system.Count > 0) body["system"] = string.Join("\n\n", system);
        body["messages"] = new JsonArray([.. Turns(request).Select(Message)]);
        if (request.Stop.Count > 0) body["stop_sequences"] = new JsonArray([.. request.Stop.Select(s => (JsonNode)s)]);
        if (request.Tools.Count > 0)
        {
            body["tools"] = new JsonArray([.. request.Tools.Select(Tool)]);
            body.Set("tool_choice", Choice(request));
        }

        if (request.Format is { Schema: { } schema }) body["output_config"] = new JsonObject { ["format"] = new JsonObject { ["type"] = "json_schema", ["schema"] = schema.Node() } };
        if (Budget(request, max) is { } budget) body["thinking"] = new JsonObject { ["type"] = "enabled", ["budget_tokens"] = budget };
        // While it thinks, a temperature is refused; and of temperature and top_p only one is taken.
        else if (request.Temperature is { } temperature) body["temperature"] = Math.Clamp(temperature, 0, 1);
        else if (request.TopP is { } topP) body["top_p"] = topP;
        if (request.Stream) body["stream"] = true;
        return body;
    }

    // A round of tools that was begun without a thought cannot be gone on with while thinking is on; a forced tool cannot either.
    private static int? Budget(NeutralRequest request, int max)
    {
        if (request.Turns.Any(t => t.Parts.Any(p => p is CallPart)) || request.Choice?.Use is ToolUse.Required or ToolUse.Named) return null;
        var wanted = request.Effort switch { "low" => 2048, "medium" => 8192, "high" or "xhigh" or "max" => 24_576, _ => 0 };
        var budget = Math.Min(wanted, max / 2);
        return budget >= 1024 ? budget : null;
    }

    private static IEnumerable<Turn> Turns(NeutralRequest request)
    {
        // The first must be the user's.
        if (request.Turns is [] or [{ Role: TurnRole.Assistant }, ..]) yield return new Turn(TurnRole.User, [new TextPart("(begin)")]);
        foreach (var turn in request.Turns) yield return turn;
    }

    private static JsonNode Message(Turn turn)
    {
        // Results stand first: they must follow the calls at once.
        var parts = turn.Parts.OrderBy(p => p is not ResultPart);
        return new JsonObject { ["role"] = turn.Role == TurnRole.User ? "user" : "assistant", ["content"] = new JsonArray([.. parts.Select(Block)]) };
    }

    private static JsonNode Block(Part part) => part switch
    {
        TextPart text => new JsonObject { ["type"] = "text", ["text"] = string.IsNullOrWhiteSpace(text.Text) ? "(empty)" : text.Text },
        ImagePart image => new JsonObject { ["type"] = "image", ["source"] = Source(image) },
        CallPart call => new JsonObject { ["type"] = "tool_use", ["id"] = call.Id, ["name"] = call.Name, ["input"] = WireJson.Arguments(call.Arguments) },
        ResultPart result => Result(result),
        _ => throw new ProtocolException("This part of a message cannot be carried to Anthropic."),
    };

    private static JsonObject Result(ResultPart result)
    {
        var block = new JsonObject { ["type"] = "tool_result", ["tool_use_id"] = result.CallId, ["content"] = new JsonArray([.. result.Content.Select(Block)]) };
        if (result.IsError) block["is_error"] = true;
        return block;
    }

    private static JsonObject Source(ImagePart image) => image.Base64 is { } bytes
        ? new JsonObject { ["type"] = "base64", ["media_type"] = image.MediaType, ["data"] = bytes }
        : new JsonObject { ["type"] = "url", ["url"] = image.Url };

    private static JsonNode Tool(ToolForm tool)
    {
        var form = new JsonObject { ["name"] = tool.Name };
        if (tool.Description is { } description) form["description"] = description;
        form["input_schema"] = tool.Freeform ? ToolForms.FreeformSchema() : tool.Schema.Node() ?? ToolForms.NoArguments();
        if (tool.Strict == true) form["strict"] = true;
        return form;
    }

    private static JsonObject? Choice(NeutralRequest request)
    {
        var choice = request.Choice?.Use switch
        {
            ToolUse.None => new JsonObject { ["type"] = "none" },
            ToolUse.Required => new JsonObject { ["type"] = "any" },
            ToolUse.Named => new JsonObject { ["type"] = "tool", ["name"] = request.Choice.Name },
            ToolUse.Auto => new JsonObject { ["type"] = "auto" },
            _ => request.ParallelCalls == false ? new JsonObject { ["type"] = "auto" } : null,
        };
        if (choice is not null && request.ParallelCalls == false && request.Choice?.Use != ToolUse.None) choice["disable_parallel_tool_use"] = true;
        return choice;
    }
}
