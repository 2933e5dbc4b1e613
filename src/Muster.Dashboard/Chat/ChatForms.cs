using Muster.Contracts.Conversations;
using Muster.Dashboard.Hosting;

namespace Muster.Dashboard.Chat;

/// <summary>Saying something, and what stands beside the pages.</summary>
internal static class ChatForms
{
    public static IReadOnlyList<FormRoute> All { get; } =
    [
        new("/chat/say", SayAsync),
        new("/chat/beside", BesideAsync),
    ];

    private static async Task<string> SayAsync(FormCall call)
    {
        var said = new SayRequest { Text = call.Required("text", "Say what you want, in a sentence or more."), Channel = Channels.Web };
        var answer = call.Text("conversation") is { } id ? await call.Page.Muster.SayMoreAsync(id, said, ct: call.Stop) : await call.Page.Muster.SayAsync(said, ct: call.Stop);
        if (call.Text("beside") is null) call.Page.Next = "/chat/" + answer.Conversation.Id;
        else call.Page.Preferences = call.Page.Preferences with { Chat = answer.Conversation.Id };
        return "";
    }

    /// <summary>Which conversation is beside the pages: one, a new one, or none.</summary>
    private static Task<string> BesideAsync(FormCall call)
    {
        call.Page.Preferences = call.Page.Preferences with { Chat = Preferences.ChatOf(call.Text("conversation")) };
        if (call.Text("leave") is not null) call.Page.Next = "/";
        return Task.FromResult("");
    }
}
