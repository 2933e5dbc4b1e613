using System.Text.Json;

namespace Muster.ControlPlane.Models.Protocols.Messages;

internal static class MessagesRequestReader
{
    public static NeutralRequest Read(JsonElement body)
    {
        var messages = body.Items("messages").ToList();
        if (messages.Count == 0) throw new ProtocolException("messages is missing or empty.");
        var turns = new TurnList();
        var system = new List<string>(Texts(body.Get("system")));
        foreach (var message in messages)
        {
            switch (message.Text("role"))
            {
                case "user":
                    turns.Add(TurnRole.User, Parts(message.Get("content")));
                    break;
                case "assistant":
                    turns.Add(TurnRole.Assistant, Parts(message.Get("content")));
                    break;
                case "system":
                    system.AddRange(Texts(message.Get("content")));
                    break;
                case var role:
                    throw new ProtocolException($"A message has the role '{role}': use user or assistant.");
            }
        }

        var choice = body.Get("tool_choice");
        return new NeutralRequest
        {
            Model = body.Text("model") ?? "",
            Stream = body.Flag("stream") ?? false,
            MaxTokens = (int?)body.Whole("max_tokens"),
            Temperature = body.Number("temperature"),
            TopP = body.Number("top_p"),
            Stop = [.. body.Items("stop_sequences").Select(s => ((JsonElement?)s).AsText()).OfType<string>()],
            System = system,
            Turns = turns.ToList(),
            // What has no schema runs at Anthropic and does not exist elsewhere.
            Tools = [.. body.Items("tools").Where(t => t.Get("input_schema") is not null).Select(t => new ToolForm(t.Text("name") ?? "", t.Text("description"), t.Get("input_schema"), t.Flag("strict")))],
            Choice = choice.Text("type") switch
            {
                "auto" => new ToolChoice(ToolUse.Auto),
                "none" => new ToolChoice(ToolUse.None),
                "any" => new ToolChoice(ToolUse.Required),
                "tool" => new ToolChoice(ToolUse.Named, choice.Text("name")),
                _ => null,
            },
            ParallelCalls = choice is { } given && given.Flag("disable_parallel_tool_use") == true ? false : null,
            Format = (body.Get("output_config").Get("format") ?? body.Get("output_format")) is { } format && format.Text("type") == "json_schema" ? new AnswerFormat(format.Get("schema")) : null,
            Effort = Effort(body),
        };
    }

    private static string? Effort(JsonElement body) => body.Get("thinking").Text("type") switch
    {
        "enabled" => body.Get("thinking").Whole("budget_tokens") switch { null or >= 16_000 => "high", >= 4_000 => "medium", _ => "low" },
        "adaptive" => body.Get("output_config").Text("effort") switch { "low" => "low", "high" or "xhigh" or "max" => "high", _ => "medium" },
        _ => null,
    };

    private static IEnumerable<string> Texts(JsonElement? content) => Parts(content).OfType<TextPart>().Select(t => t.Text);

    private static List<Part> Parts(JsonElement? content)
    {
        if (content.AsText() is { } text) return text.Length > 0 ? [new TextPart(text)] : [];
        if (content is not { ValueKind: JsonValueKind.Array } list) return [];
        var parts = new List<Part>();
        foreach (var block in list.EnumerateArray())
        {
            if (Part(block) is { } part) parts.Add(part);
        }

        return parts;
    }

    private static Part? Part(JsonElement block) => block.Text("type") switch
    {
        "text" => block.Text("text") is { Length: > 0 } text ? new TextPart(text) : null,
        "image" => Image(block.Get("source")),
        "tool_use" => new CallPart(block.Text("id") ?? "", block.Text("name") ?? "", block.Get("input")?.GetRawText() ?? "{}"),
        "tool_result" => new ResultPart(block.Text("tool_use_id") ?? "", Parts(block.Get("content")), block.Flag("is_error") ?? false),
        // A document's own text is read; its pages as a file cannot be carried.
        "document" => block.Get("source").Text("type") == "text" ? new TextPart(block.Get("source").Text("data") ?? "") : throw Foreign("a document file"),
        "search_result" => new TextPart($"{block.Text("title")} {block.Text("source")}\n{string.Join('\n', Texts(block.Get("content")))}"),
        // Thoughts belong to the provider that had them; what ran at the provider is told by the text after it.
        "thinking" or "redacted_thinking" or "server_tool_use" or "tool_reference" => null,
        { } type when type.EndsWith("_tool_result", StringComparison.Ordinal) => null,
        var type => throw Foreign($"a block of the type '{type}'"),
    };

    private static ImagePart Image(JsonElement? source) => source.Text("type") switch
    {
        "base64" => new ImagePart(source.Text("media_type"), source.Text("data"), null),
        "url" => new ImagePart(null, null, source.Text("url")),
        _ => throw Foreign("an image that lies at Anthropic"),
    };

    private static ProtocolException Foreign(string what) => new($"The request holds {what}, which this route's provider cannot be given; send text or images.");
}
