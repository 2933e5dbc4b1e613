using System.Text.Json;

namespace Muster.ControlPlane.Models.Protocols.Chat;

internal static class ChatRequestReader
{
    public static NeutralRequest Read(JsonElement body)
    {
        if (body.Whole("n") is > 1) throw new ProtocolException("n above 1 cannot be served by this route's provider; ask once for each answer.");
        var messages = body.Items("messages").ToList();
        if (messages.Count == 0) throw new ProtocolException("messages is missing or empty.");
        return new NeutralRequest
        {
            Model = body.Text("model") ?? "",
            Stream = body.Flag("stream") ?? false,
            StreamUsage = body.Get("stream_options") is { } options && options.Flag("include_usage") == true,
            MaxTokens = (int?)(body.Whole("max_completion_tokens") ?? body.Whole("max_tokens")),
            Temperature = body.Number("temperature"),
            TopP = body.Number("top_p"),
            Stop = body.Get("stop") is { ValueKind: JsonValueKind.String } one ? [((JsonElement?)one).AsText()!] : [.. body.Items("stop").Select(s => ((JsonElement?)s).AsText()).OfType<string>()],
            System = [.. messages.Where(m => m.Text("role") is "system" or "developer").Select(Plain)],
            Turns = Turns(messages),
            Tools = [.. body.Items("tools").Select(Tool).OfType<ToolForm>()],
            Choice = Choice(body.Get("tool_choice")),
            ParallelCalls = body.Flag("parallel_tool_calls"),
            Format = Format(body.Get("response_format")),
            Effort = body.Text("reasoning_effort") ?? body.Get("reasoning").Text("effort"),
        };
    }

    private static List<Turn> Turns(List<JsonElement> messages)
    {
        var turns = new TurnList();
        foreach (var message in messages)
        {
            switch (message.Text("role"))
            {
                case "user":
                    turns.Add(TurnRole.User, Parts(message));
                    break;
                case "assistant":
                    turns.Add(TurnRole.Assistant, [.. Parts(message), .. message.Items("tool_calls").Select(Call)]);
                    break;
                case "tool" or "function":
                    turns.Add(TurnRole.User, [new ResultPart(message.Text("tool_call_id") ?? message.Text("name") ?? "", Parts(message))]);
                    break;
                case "system" or "developer":
                    break;
                case var role:
                    throw new ProtocolException($"A message has the role '{role}': use system, developer, user, assistant or tool.");
            }
        }

        return turns.ToList();
    }

    private static List<Part> Parts(JsonElement message)
    {
        if (message.Text("content") is { } text) return text.Length > 0 ? [new TextPart(text)] : [];
        var parts = new List<Part>();
        foreach (var part in message.Items("content"))
        {
            switch (part.Text("type"))
            {
                case "text" or "refusal":
                    parts.Add(new TextPart(part.Text("text") ?? part.Text("refusal") ?? ""));
                    break;
                case "image_url":
                    parts.Add(ImagePart.Of(part.Get("image_url").Text("url") ?? part.Text("image_url") ?? ""));
                    break;
                case var type:
                    throw new ProtocolException($"Content of the type '{type}' cannot be carried to this route's provider; send text or images.");
            }
        }

        return parts;
    }

    private static CallPart Call(JsonElement call) => new(call.Text("id") ?? "", call.Get("function").Text("name") ?? "", call.Get("function").Text("arguments") is { Length: > 0 } text ? text : "{}");

    private static string Plain(JsonElement message) => string.Join('\n', Parts(message).OfType<TextPart>().Select(t => t.Text));

    private static ToolForm? Tool(JsonElement tool)
    {
        if (tool.Text("type") == "custom" && tool.Get("custom") is { } custom) return new ToolForm(custom.Text("name") ?? "", custom.Text("description"), null, Freeform: true);
        // Tools that run at one provider do not exist at another.
        return tool.Get("function") is { } function ? new ToolForm(function.Text("name") ?? "", function.Text("description"), function.Get("parameters"), function.Flag("strict")) : null;
    }

    private static ToolChoice? Choice(JsonElement? choice) => choice.AsText() switch
    {
        "auto" => new ToolChoice(ToolUse.Auto),
        "none" => new ToolChoice(ToolUse.None),
        "required" => new ToolChoice(ToolUse.Required),
        _ => choice.Get("function").Text("name") is { } name ? new ToolChoice(ToolUse.Named, name) : null,
    };

    private static AnswerFormat? Format(JsonElement? format) => format.Text("type") switch
    {
        "json_object" => new AnswerFormat(null),
        "json_schema" when format.Get("json_schema") is { } schema => new AnswerFormat(schema.Get("schema"), schema.Text("name"), schema.Flag("strict")),
        _ => null,
    };
}
