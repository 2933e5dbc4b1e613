using System.Text.Json;
using System.Text.Json.Nodes;

namespace Muster.ControlPlane.Models.Protocols.Generate;

internal static class GenerateRequestReader
{
    public static NeutralRequest Read(JsonElement body)
    {
        var contents = body.Items("contents").ToList();
        if (contents.Count == 0) throw new ProtocolException("contents is missing or empty.");
        var settings = body.Get("generationConfig");
        if (settings.Whole("candidateCount") is > 1) throw new ProtocolException("candidateCount above 1 cannot be served by this route's provider; ask once for each answer.");
        return new NeutralRequest
        {
            Model = body.Text("model") ?? "",
            Stream = body.Flag("stream") ?? false,
            StreamUsage = true,
            MaxTokens = (int?)Math.Clamp(settings.Whole("maxOutputTokens") ?? -1, -1, int.MaxValue) is > 0 and var max ? max : null,
            Temperature = settings?.Number("temperature"),
            TopP = settings?.Number("topP"),
            Stop = [.. settings is { } given ? given.Items("stopSequences").Select(s => ((JsonElement?)s).AsText()).OfType<string>() : []],
            System = [.. Instructions(body.Get("systemInstruction") ?? body.Get("system_instruction"))],
            Turns = Turns(contents),
            // What is no function runs at Google and does not exist elsewhere.
            Tools = [.. body.Items("tools").SelectMany(t => t.Items("functionDeclarations")).Select(Tool)],
            Choice = Choice(body.Get("toolConfig").Get("functionCallingConfig")),
            Format = settings.Text("responseMimeType") == "application/json" ? new AnswerFormat(settings.Get("responseJsonSchema") ?? Plain(settings.Get("responseSchema"))) : null,
            Effort = settings.Get("thinkingConfig").Text("thinkingLevel")?.ToLowerInvariant(),
        };
    }

    private static IEnumerable<string> Instructions(JsonElement? system) =>
        system.AsText() is { Length: > 0 } text ? [text] : system is { } content ? content.Items("parts").Select(p => p.Text("text")).OfType<string>() : [];

    private static List<Turn> Turns(List<JsonElement> contents)
    {
        var turns = new TurnList();
        var calls = new CallNames();
        foreach (var content in contents)
        {
            var role = content.Text("role") switch
            {
                "model" => TurnRole.Assistant,
                null or "user" or "function" => TurnRole.User,
                var other => throw new ProtocolException($"A content has the role '{other}': use user or model."),
            };
            turns.Add(role, [.. content.Items("parts").Select(p => Read(p, calls)).OfType<Part>()]);
        }

        return turns.ToList();
    }

    private static Part? Read(JsonElement part, CallNames calls)
    {
        // What it thought means something to the model that thought it only.
        if (part.Flag("thought") == true) return null;
        if (part.Get("functionCall") is { } call)
        {
            var name = call.Text("name") ?? "";
            return new CallPart(calls.Begin(call.Text("id"), name), name, call.Get("args") is { } arguments ? arguments.GetRawText() : "{}");
        }

        if (part.Get("functionResponse") is { } result) return Result(result, calls);
        if (part.Get("inlineData") is { } data) return Image(data);
        if (part.Get("fileData") is { } file) return new ImagePart(null, null, file.Text("fileUri") ?? "");
        if (part.Text("text") is { } text) return text.Length > 0 ? new TextPart(text) : null;
        throw new ProtocolException("A part is no text, image, function call or function response, and cannot be carried to this route's provider.");
    }

    private static ResultPart Result(JsonElement result, CallNames calls)
    {
        var response = result.Get("response");
        var failed = response.Get("error") is not null && response.Get("output") is null;
        var said = failed ? response.Get("error") : response.Get("output") ?? response.Get("result") ?? response;
        var text = said.AsText() ?? said?.GetRawText() ?? "";
        return new ResultPart(calls.End(result.Text("id"), result.Text("name") ?? ""),
            [new TextPart(text), .. result.Items("parts").Select(p => p.Get("inlineData")).Where(d => d is not null).Select(d => Image(d!.Value))], failed);
    }

    private static ImagePart Image(JsonElement data) => new(data.Text("mimeType") ?? "application/octet-stream", data.Text("data") ?? "", null);

    private static ToolForm Tool(JsonElement tool) => new(tool.Text("name") ?? "", tool.Text("description"), tool.Get("parametersJsonSchema") ?? Plain(tool.Get("parameters")));

    private static ToolChoice? Choice(JsonElement? choice)
    {
        var allowed = choice is { } given ? given.Items("allowedFunctionNames").Select(n => ((JsonElement?)n).AsText()).OfType<string>().ToList() : [];
        return choice.Text("mode")?.ToUpperInvariant() switch
        {
            "AUTO" => new ToolChoice(ToolUse.Auto),
            "NONE" => new ToolChoice(ToolUse.None),
            "ANY" when allowed.Count == 1 => new ToolChoice(ToolUse.Named, allowed[0]),
            "ANY" => new ToolChoice(ToolUse.Required),
            _ => null,
        };
    }

    /// <summary>Google's own schemas name types in capitals; everybody else, and JSON schema, in small letters.</summary>
    private static JsonElement? Plain(JsonElement? schema)
    {
        if (schema.Node() is not { } node) return null;
        Lower(node);
        return WireJson.Element(node);
    }

    private static void Lower(JsonNode? node)
    {
        if (node is JsonArray list) foreach (var item in list) Lower(item);
        if (node is not JsonObject map) return;
        if (map.Text("type") is { } type) map["type"] = type.ToLowerInvariant();
        foreach (var (_, value) in map) Lower(value);
    }

    /// <summary>Google needs no ids of calls; the others do. A result without one belongs to the oldest open call of its name.</summary>
    private sealed class CallNames
    {
        private readonly List<(string Id, string Name)> _open = [];
        private int _made;

        public string Begin(string? id, string name)
        {
            _open.Add((string.IsNullOrEmpty(id) ? $"call_{_made++}" : id, name));
            return _open[^1].Id;
        }

        public string End(string? id, string name)
        {
            var at = _open.FindIndex(c => string.IsNullOrEmpty(id) ? c.Name == name : c.Id == id);
            if (at < 0) return string.IsNullOrEmpty(id) ? name : id;
            var found = _open[at].Id;
            _open.RemoveAt(at);
            return found;
        }
    }
}
