using System.Text.Json.Nodes;

namespace Muster.Integrations.ModelServers;

/// <summary>Differences between those that speak OpenAI's protocols.</summary>
internal static class ChatBody
{
    /// <summary>The newer name of the bound, which thinking models of OpenAI insist on.</summary>
    public static void RenameMaxTokens(JsonObject body)
    {
        if (body["max_tokens"] is not { } limit) return;
        body.Remove("max_tokens");
        body.TryAdd("max_completion_tokens", limit.DeepClone());
    }

    /// <summary>Takes out what a model that does not think refuses.</summary>
    public static void WithoutThinking(JsonObject body)
    {
        body.Remove("reasoning_effort");
        body.Remove("reasoning");
    }
}
