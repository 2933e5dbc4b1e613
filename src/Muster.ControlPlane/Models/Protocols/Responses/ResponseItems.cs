using System.Text.Json.Nodes;
using Muster.ControlPlane.Models.Calling;

namespace Muster.ControlPlane.Models.Protocols.Responses;

/// <summary>The items that a response is made of, whether it comes whole or in events.</summary>
internal sealed class ResponseItems(NeutralRequest request, string? id, string? model)
{
    private readonly long _created = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();

    public string Id { get; } = id is null ? $"resp_{Guid.NewGuid():N}" : id.StartsWith("resp_", StringComparison.Ordinal) ? id : $"resp_{id}";

    public static string NewId(string kind) => $"{kind}_{Guid.NewGuid():N}";

    public JsonObject Whole(WholeAnswer answer)
    {
        var output = new JsonArray();
        if (answer.Thought.Length > 0) output.Add(Thought(ResponsesDialect.ForeignThought + Guid.NewGuid().ToString("N"), answer.Thought));
        if (answer.Text.Length > 0) output.Add(Message(NewId("msg"), answer.Text, "completed"));
        foreach (var call in answer.Calls) output.Add(Call(NewId("fc"), call, "completed"));
        return Response(output, answer.Stop, answer.Tokens);
    }

    /// <param name="output">What it holds.</param>
    /// <param name="stop">Why it ended; null while it goes on.</param>
    /// <param name="tokens">What it took, when it has ended.</param>
    public JsonObject Response(JsonArray output, StopReason? stop, TokenCounts? tokens)
    {
        var incomplete = stop switch { StopReason.MaxTokens => "max_output_tokens", StopReason.Filtered => "content_filter", _ => null };
        return new JsonObject
        {
            ["id"] = Id,
            ["object"] = "response",
            ["created_at"] = _created,
            ["status"] = stop is null ? "in_progress" : incomplete is null ? "completed" : "incomplete",
            ["error"] = null,
            ["incomplete_details"] = incomplete is null ? null : new JsonObject { ["reason"] = incomplete },
            ["instructions"] = null,
            ["max_output_tokens"] = request.MaxTokens,
            ["model"] = model ?? request.Model,
            ["output"] = output,
            ["parallel_tool_calls"] = request.ParallelCalls ?? true,
            ["previous_response_id"] = null,
            ["store"] = false,
            ["temperature"] = request.Temperature,
            ["tool_choice"] = "auto",
            ["tools"] = new JsonArray(),
            ["top_p"] = request.TopP,
            ["metadata"] = new JsonObject(),
            ["usage"] = tokens is null ? null : Usage(tokens),
        };
    }

    public static JsonObject Thought(string id, string text) =>
        new() { ["type"] = "reasoning", ["id"] = id, ["summary"] = text.Length == 0 ? [] : new JsonArray(new JsonObject { ["type"] = "summary_text", ["text"] = text }) };

    public static JsonObject Message(string id, string text, string status) => new()
    {
        ["type"] = "message",
        ["id"] = id,
        ["status"] = status,
        ["role"] = "assistant",
        ["content"] = status == "completed" ? new JsonArray(Text(text)) : [],
    };

    public static JsonObject Text(string text) => new() { ["type"] = "output_text", ["text"] = text, ["annotations"] = new JsonArray() };

    /// <summary>In the form that the caller declared the tool in.</summary>
    public JsonObject Call(string itemId, CallPart call, string status)
    {
        var tool = Tool(call.Name);
        var done = status == "completed";
        var item = new JsonObject { ["type"] = IsFreeform(call.Name) ? "custom_tool_call" : "function_call", ["id"] = itemId, ["status"] = status, ["call_id"] = call.Id, ["name"] = tool is null ? call.Name : ToolGroups.Own(tool) };
        if (tool?.Group is { } group) item["namespace"] = group;
        if (IsFreeform(call.Name)) item["input"] = done ? ToolForms.Unwrap(call.Arguments) : "";
        else item["arguments"] = done ? call.Arguments : "";
        return item;
    }

    public bool IsFreeform(string name) => Tool(name)?.Freeform == true;

    private ToolForm? Tool(string name) => request.Tools.FirstOrDefault(t => t.Name == name);

    private static JsonObject Usage(TokenCounts tokens) => new()
    {
        ["input_tokens"] = tokens.In + tokens.Cached + tokens.Stored,
        ["input_tokens_details"] = new JsonObject { ["cached_tokens"] = tokens.Cached },
        ["output_tokens"] = tokens.Out,
        ["output_tokens_details"] = new JsonObject { ["reasoning_tokens"] = 0 },
        ["total_tokens"] = tokens.Total,
    };
}
