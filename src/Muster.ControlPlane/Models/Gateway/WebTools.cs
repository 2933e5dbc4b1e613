using System.Text.Json.Nodes;

namespace Muster.ControlPlane.Models.Gateway;

/// <summary>
/// Tools of the web that a provider runs itself. What a page says would come into the talk past every fence, and what the model asks for
/// would leave it: so nobody has them unless models.yaml says <c>web: on</c>.
/// </summary>
internal static class WebTools
{
    private static readonly string[] Kinds = ["web_search", "web_fetch", "browser"];

    public static void Remove(JsonObject body)
    {
        // OpenAI chat; OpenRouter, which also takes it as a plugin and as the end of a model's name.
        body.Remove("web_search_options");
        if (body["plugins"] is JsonArray plugins) Drop(plugins, plugin => Text(plugin, "id") == "web");
        if (body["tools"] is not JsonArray tools) return;
        Drop(tools, tool => Text(tool, "type") is { } kind && Array.Exists(Kinds, web => kind.StartsWith(web, StringComparison.Ordinal)));
        if (tools.Count > 0) return;
        // An empty list, or a choice among nothing, is refused by some.
        body.Remove("tools");
        body.Remove("tool_choice");
    }

    private static void Drop(JsonArray list, Func<JsonNode?, bool> which)
    {
        for (var at = list.Count - 1; at >= 0; at--)
            if (which(list[at])) list.RemoveAt(at);
    }

    private static string? Text(JsonNode? node, string name) => node is JsonObject entry && entry[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
