using System.Text.Json;
using System.Text.Json.Nodes;

namespace Muster.ControlPlane.Models.Protocols;

/// <summary>Tools that take plain text, as functions with one text; and back.</summary>
internal static class ToolForms
{
    public static JsonObject NoArguments() => new() { ["type"] = "object", ["properties"] = new JsonObject() };

    public static JsonObject FreeformSchema() => new()
    {
        ["type"] = "object",
        ["properties"] = new JsonObject { ["input"] = new JsonObject { ["type"] = "string", ["description"] = "The whole input, as plain text." } },
        ["required"] = new JsonArray("input"),
        ["additionalProperties"] = false,
    };

    public static string Wrap(string input) => new JsonObject { ["input"] = input }.ToJsonString();

    /// <summary>The text; what the model wrote when it is none.</summary>
    public static string Unwrap(string arguments)
    {
        try
        {
            using var document = JsonDocument.Parse(arguments);
            return document.RootElement.Text("input") ?? arguments;
        }
        catch (JsonException)
        {
            // The model wrote the text itself; its tool says whether that will do.
            return arguments;
        }
    }
}
