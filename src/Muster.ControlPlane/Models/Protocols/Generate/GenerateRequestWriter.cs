using System.Text.Json.Nodes;

namespace Muster.ControlPlane.Models.Protocols.Generate;

internal static class GenerateRequestWriter
{
    public static JsonObject Write(NeutralRequest request)
    {
        var body = new JsonObject { ["model"] = request.Model, ["contents"] = Contents(request) };
        if (request.Stream) body["stream"] = true;
        if (request.System.Count > 0) body["systemInstruction"] = new JsonObject { ["parts"] = new JsonArray([.. request.System.Select(Text)]) };
        if (request.Tools.Count > 0)
        {
            body["tools"] = new JsonArray(new JsonObject { ["functionDeclarations"] = new JsonArray([.. request.Tools.Select(Tool)]) });
            if (request.Choice is { } choice) body["toolConfig"] = new JsonObject { ["functionCallingConfig"] = Choice(choice) };
        }

        if (Settings(request) is { Count: > 0 } settings) body["generationConfig"] = settings;
        return body;
    }

    private static JsonObject Settings(NeutralRequest request)
    {
        var settings = new JsonObject();
        if (request.MaxTokens is { } max) settings["maxOutputTokens"] = max;
        if (request.Temperature is { } temperature) settings["temperature"] = Math.Clamp(temperature, 0, 2);
        if (request.TopP is { } topP) settings["topP"] = topP;
        // No more than five are allowed.
        if (request.Stop.Count > 0) settings["stopSequences"] = new JsonArray([.. request.Stop.Take(5).Select(s => (JsonNode)s)]);
        if (request.Format is { } format)
        {
            settings["responseMimeType"] = "application/json";
            settings.Set("responseJsonSchema", format.Schema.Node());
        }

        if (request.Effort is { } effort) settings["thinkingConfig"] = new JsonObject { ["thinkingLevel"] = effort.ToUpperInvariant() };
        return settings;
    }

    private static JsonArray Contents(NeutralRequest request)
    {
        var names = request.Turns.SelectMany(t => t.Parts).OfType<CallPart>().GroupBy(c => c.Id, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Last().Name, StringComparer.Ordinal);
        return new JsonArray([.. request.Turns.Select(turn => (JsonNode)new JsonObject
        {
            ["role"] = turn.Role == TurnRole.Assistant ? "model" : "user",
            // Results stand first: they must follow the calls at once.
            ["parts"] = new JsonArray([.. turn.Parts.OrderBy(p => p is not ResultPart).ThenBy(p => p is CallPart).Select(p => Part(p, names))]),
        })]);
    }

    private static JsonNode Part(Part part, Dictionary<string, string> names) => part switch
    {
        CallPart call => new JsonObject { ["functionCall"] = new JsonObject { ["id"] = call.Id, ["name"] = call.Name, ["args"] = WireJson.Arguments(call.Arguments) } },
        ResultPart result => Result(result, names.GetValueOrDefault(result.CallId, "")),
        ImagePart { Base64: { } bytes } image => new JsonObject { ["inlineData"] = new JsonObject { ["mimeType"] = image.MediaType, ["data"] = bytes } },
        ImagePart image => new JsonObject { ["fileData"] = new JsonObject { ["fileUri"] = image.Url } },
        _ => Text((part as TextPart)?.Text ?? ""),
    };

    private static JsonObject Result(ResultPart result, string name)
    {
        var response = new JsonObject { ["id"] = result.CallId, ["name"] = name, ["response"] = new JsonObject { [result.IsError ? "error" : "output"] = result.Text } };
        var images = result.Content.OfType<ImagePart>().Where(i => i.Base64 is not null).ToList();
        if (images.Count > 0) response["parts"] = new JsonArray([.. images.Select(i => Part(i, []))]);
        return new JsonObject { ["functionResponse"] = response };
    }

    private static JsonNode Text(string text) => new JsonObject { ["text"] = text };

    private static JsonNode Tool(ToolForm tool)
    {
        var function = new JsonObject { ["name"] = tool.Name };
        if (tool.Description is { } description) function["description"] = description;
        function["parametersJsonSchema"] = tool.Freeform ? ToolForms.FreeformSchema() : tool.Schema.Node() ?? ToolForms.NoArguments();
        return function;
    }

    private static JsonObject Choice(ToolChoice choice) => choice.Use switch
    {
        ToolUse.None => new JsonObject { ["mode"] = "NONE" },
        ToolUse.Required => new JsonObject { ["mode"] = "ANY" },
        ToolUse.Named => new JsonObject { ["mode"] = "ANY", ["allowedFunctionNames"] = new JsonArray(choice.Name) },
        _ => new JsonObject { ["mode"] = "AUTO" },
    };
}
