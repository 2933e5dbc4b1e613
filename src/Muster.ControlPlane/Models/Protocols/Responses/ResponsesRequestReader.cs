using System.Text.Json;

namespace Muster.ControlPlane.Models.Protocols.Responses;

internal static class ResponsesRequestReader
{
    public static NeutralRequest Read(JsonElement body)
    {
        if (body.Text("previous_response_id") is not null || body.Get("conversation") is not null)
            throw new ProtocolException("The request goes on with an answer that its provider keeps, which another provider does not have: send the whole input, without previous_response_id.");
        var turns = new TurnList();
        var system = new List<string>();
        if (body.Text("instructions") is { Length: > 0 } instructions) system.Add(instructions);
        if (body.Text("input") is { } text) turns.Add(TurnRole.User, [new TextPart(text)]);
        foreach (var item in body.Items("input")) Item(item, turns, system);
        return new NeutralRequest
        {
            Model = body.Text("model") ?? "",
            Stream = body.Flag("stream") ?? false,
            MaxTokens = (int?)body.Whole("max_output_tokens"),
            Temperature = body.Number("temperature"),
            TopP = body.Number("top_p"),
            System = system,
            Turns = turns.ToList() is { Count: > 0 } said ? said : throw new ProtocolException("input is missing or empty."),
            Tools = [.. body.Items("tools").SelectMany(t => Tools(t, null))],
            Choice = Choice(body.Get("tool_choice")),
            ParallelCalls = body.Flag("parallel_tool_calls"),
            Format = Format(body.Get("text").Get("format")),
            Effort = body.Get("reasoning").Text("effort"),
        };
    }

    private static void Item(JsonElement item, TurnList turns, List<string> system)
    {
        switch (item.Text("type") ?? "message")
        {
            case "message":
                var parts = Parts(item.Get("content"));
                if (item.Text("role") is "system" or "developer") system.AddRange(parts.OfType<TextPart>().Select(t => t.Text));
                else turns.Add(item.Text("role") == "assistant" ? TurnRole.Assistant : TurnRole.User, parts);
                break;
            case "function_call":
                turns.Add(TurnRole.Assistant, [new CallPart(item.Text("call_id") ?? "", ToolGroups.Flat(item.Text("namespace"), item.Text("name") ?? ""), item.Text("arguments") is { Length: > 0 } json ? json : "{}")]);
                break;
            case "custom_tool_call":
                turns.Add(TurnRole.Assistant, [new CallPart(item.Text("call_id") ?? "", ToolGroups.Flat(item.Text("namespace"), item.Text("name") ?? ""), ToolForms.Wrap(item.Text("input") ?? ""))]);
                break;
            case "function_call_output" or "custom_tool_call_output":
                turns.Add(TurnRole.User, [new ResultPart(item.Text("call_id") ?? "", Parts(item.Get("output")))]);
                break;
            case "item_reference":
                throw new ProtocolException("The input refers to an item that its provider keeps, which another provider does not have: send the item itself.");
                // Thoughts, and what tools of the provider did, belong to the provider that had them.
        }
    }

    private static List<Part> Parts(JsonElement? content)
    {
        if (content.AsText() is { } text) return text.Length > 0 ? [new TextPart(text)] : [];
        if (content is not { ValueKind: JsonValueKind.Array } list) return [];
        var parts = new List<Part>();
        foreach (var part in list.EnumerateArray())
        {
            switch (part.Text("type"))
            {
                case "input_text" or "output_text" or "text" or "summary_text":
                    if (part.Text("text") is { Length: > 0 } said) parts.Add(new TextPart(said));
                    break;
                case "refusal":
                    parts.Add(new TextPart(part.Text("refusal") ?? ""));
                    break;
                case "input_image" when part.Text("image_url") is { } address:
                    parts.Add(ImagePart.Of(address));
                    break;
                case var type:
                    throw new ProtocolException($"Content of the type '{type}' cannot be carried to this route's provider; send text or images.");
            }
        }

        return parts;
    }

    private static IEnumerable<ToolForm> Tools(JsonElement tool, string? group)
    {
        var name = ToolGroups.Flat(group, tool.Text("name") ?? "");
        switch (tool.Text("type"))
        {
            case "function":
                yield return new ToolForm(name, tool.Text("description"), tool.Get("parameters"), tool.Flag("strict"), Group: group);
                break;
            case "custom":
                yield return new ToolForm(name, Described(tool), null, Freeform: true, Group: group);
                break;
            case "namespace":
                foreach (var inner in tool.Items("tools").SelectMany(t => Tools(t, tool.Text("name")))) yield return inner;
                break;
                // The others run at OpenAI and do not exist elsewhere.
        }
    }

    // A grammar cannot be enforced elsewhere; the model is told it.
    private static string? Described(JsonElement tool) =>
        tool.Get("format").Text("definition") is { } grammar ? $"{tool.Text("description")}\n\nThe input must follow this grammar:\n{grammar}" : tool.Text("description");

    private static ToolChoice? Choice(JsonElement? choice) => choice.AsText() switch
    {
        "auto" => new ToolChoice(ToolUse.Auto),
        "none" => new ToolChoice(ToolUse.None),
        "required" => new ToolChoice(ToolUse.Required),
        _ => choice.Text("type") is "function" or "custom" && choice.Text("name") is { } name ? new ToolChoice(ToolUse.Named, name) : null,
    };

    private static AnswerFormat? Format(JsonElement? format) => format.Text("type") switch
    {
        "json_object" => new AnswerFormat(null),
        "json_schema" => new AnswerFormat(format.Get("schema"), format.Text("name"), format?.Flag("strict")),
        _ => null,
    };
}
