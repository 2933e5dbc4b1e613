using Muster.Client;
using Muster.Contracts.Conversations;
using Muster.Contracts.Models;
using Muster.Dashboard.Hosting;

namespace Muster.Dashboard.Chat;

/// <summary>A conversation with the Chief of Staff, as far back as a page shows it.</summary>
public sealed record ChatFacts
{
    /// <summary>Turns that a page shows; what was said before is a link away.</summary>
    private const int Most = 60;

    /// <summary>Null for one that is not begun yet.</summary>
    public ConversationInfo? Conversation { get; init; }
    public IReadOnlyList<TurnInfo> Turns { get; init; } = [];

    /// <summary>The newest goal that came of it.</summary>
    public GoalInfo? Goal { get; init; }

    /// <summary>What is missing before a model can be asked; null when one can.</summary>
    public string? Mute { get; init; }

    /// <summary>Whether there is more before what is shown.</summary>
    public bool Cut => Turns is [{ Number: > 1 }, ..];

    public static Task<ChatFacts> NewAsync(PageContext page) => ReadAsync(page, null);

    public static async Task<ChatFacts> ReadAsync(PageContext page, string? id)
    {
        var models = page.Muster.GetModelsAsync();
        if (id is null) return new ChatFacts { Mute = Missing(await models) };
        var conversation = await page.Muster.GetConversationAsync(id);
        var goal = conversation.Goal is null ? null : page.Muster.GetGoalAsync(conversation.Goal);
        var from = page.Asked("from") == "1" ? 0 : Math.Max(0, conversation.Turns - Most);
        List<TurnInfo> turns = [];
        for (string? cursor = null; turns.Count < conversation.Turns;)
        {
            var part = await page.Muster.ListTurnsAsync(id, from, cursor, 500);
            turns.AddRange(part.Items);
            if ((cursor = part.Next) is null) break;
        }

        return new ChatFacts { Conversation = conversation, Turns = turns, Goal = goal is null ? null : await goal, Mute = Missing(await models) };
    }

    /// <summary>The conversation that stands beside a page; a new one where that is gone.</summary>
    public static async Task<ChatFacts> BesideAsync(PageContext page, string chosen)
    {
        try
        {
            return await ReadAsync(page, chosen == Preferences.NewChat ? null : chosen);
        }
        catch (MusterException gone) when (gone.StatusCode == StatusCodes.Status404NotFound)
        {
            return await NewAsync(page);
        }
    }

    private static string? Missing(ModelsInfo models) =>
        models.Off ? $"All models are switched off{(models.OffReason is { } why ? $": {why}" : "")}. What you say is kept; switch them on again and it goes on."
        : models.Routes.Any(r => r.Up) ? null
        : models.Routes.SelectMany(r => r.Legs).FirstOrDefault(l => l.State != "absent") is { } leg ? $"No model answers now ({leg.Provider}: {leg.Reason ?? leg.State}). What you say is kept, and goes on by itself."
        : "No model is set up yet. What you say is kept as a goal, and goes on by itself as soon as there is one: a key of a provider, or Ollama on this machine.";
}

/// <summary>The conversations there are, the newest first.</summary>
public sealed record ChatsFacts(IReadOnlyList<ConversationInfo> Conversations, string? Next, ChatFacts Shown)
{
    public static async Task<ChatsFacts> ReadAsync(PageContext page)
    {
        var all = page.Muster.ListConversationsAsync(cursor: page.Asked("before"), limit: 30);
        var shown = await ChatFacts.ReadAsync(page, page.Value("id"));
        return new ChatsFacts((await all).Items, (await all).Next, shown);
    }
}
