using System.Text.Json.Nodes;

namespace Muster.ControlPlane.Models.Protocols.Messages;

/// <summary>
/// Thoughts carry the signature of the provider that made them, and Anthropic refuses a history whose signatures it did not
/// make. When another provider has answered in between, its thoughts are taken out before the history goes back.
/// </summary>
internal static class ThoughtBlocks
{
    /// <summary>Stands where a thought was made elsewhere.</summary>
    public const string Unsigned = "muster-unsigned";

    private const int SmallestBudget = 1024;

    public static void Repair(JsonObject body)
    {
        var taken = TakeOut(body["messages"] as JsonArray);
        if (body["thinking"] is not JsonObject thinking) return;
        // Inside a round of tools a history without its thought is refused while thinking is on: it goes on with the next question.
        if (taken)
        {
            body.Remove("thinking");
            return;
        }

        if (thinking.Limit("budget_tokens") is not { } budget || body.Limit("max_tokens") is not { } max || budget < max) return;
        if (max > SmallestBudget) thinking["budget_tokens"] = Math.Max(SmallestBudget, max / 2);
        else body.Remove("thinking");
    }

    private static bool TakeOut(JsonArray? messages)
    {
        var inTools = false;
        foreach (var message in messages ?? [])
        {
            if (message is not JsonObject said || said["content"] is not JsonArray parts) continue;
            if (said.Text("role") != "assistant")
            {
                if (!parts.Any(p => p is JsonObject part && part.Text("type") == "tool_result")) inTools = false;
                continue;
            }

            var foreign = parts.OfType<JsonObject>().Where(p => p.Text("type") == "thinking" && p.Text("signature") == Unsigned).ToList();
            foreach (var part in foreign) parts.Remove(part);
            var thought = parts.Any(p => p is JsonObject part && part.Text("type") is "thinking" or "redacted_thinking");
            if (parts.Count == 0) parts.Add(new JsonObject { ["type"] = "text", ["text"] = "(no text)" });
            inTools = (inTools || !thought) && parts.Any(p => p is JsonObject part && part.Text("type") == "tool_use");
        }

        return inTools;
    }
}
