using Dapper;
using Muster.Contracts;
using Muster.Contracts.Conversations;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Conversations;

public static class ConversationsApi
{
    internal static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Conversations, List).WithName("ListConversations").Admit(Access.Read);
        routes.MapPost(Routes.Conversations, Say).WithName("Say").Admit(Access.Steer);
        routes.MapGet(Routes.Conversation, Get).WithName("GetConversation").Admit(Access.Read);
        routes.MapGet(Routes.ConversationTurns, Turns).WithName("ListTurns").Admit(Access.Read);
        routes.MapPost(Routes.ConversationTurns, SayMore).WithName("SayMore").Admit(Access.Steer);
        routes.MapGet(Routes.Preferences, ReadPreferences).WithName("GetPreferences").Admit(Access.Read);
        routes.MapPut(Routes.Preferences, WritePreferences).WithName("SetPreferences").Admit(Access.Steer);
    }

    private static async Task<Page<ConversationInfo>> List(Store store, string? channel, string? cursor, int? limit, CancellationToken ct)
    {
        var take = Paging.Limit(limit);
        // Newest first: ids rise with time.
        var rows = (await store.ReadAsync(c => c.QueryAsync<ConversationRow>(
            ConversationRow.Select + " WHERE (@channel IS NULL OR c.channel = @channel) AND (@before IS NULL OR c.id < @before) ORDER BY c.id DESC LIMIT @limit",
            new { channel, before = Paging.Decode(cursor), limit = take + 1 }), ct)).AsList();
        return Paging.Page(rows, take, r => r.Id, r => r.ToInfo());
    }

    private static async Task<ConversationInfo> Get(string id, Store store, CancellationToken ct) =>
        (await store.ReadAsync(c => c.QueryFirstOrDefaultAsync<ConversationRow>(ConversationRow.Select + " WHERE c.id = @id", new { id }), ct) ?? throw Refusal.NotFound("conversation", id)).ToInfo();

    private static async Task<Page<TurnInfo>> Turns(string id, Store store, int? after, string? cursor, int? limit, CancellationToken ct)
    {
        await Get(id, store, ct);
        var take = Paging.Limit(limit);
        var from = Paging.Decode(cursor) is { } text && int.TryParse(text, out var number) ? number : after ?? 0;
        var rows = (await store.ReadAsync(c => c.QueryAsync<TurnRow>(
            TurnRow.Select + " WHERE t.conversation_id = @id AND t.number > @from ORDER BY t.number LIMIT @limit", new { id, from, limit = take + 1 }), ct)).AsList();
        return Paging.Page(rows, take, r => r.Number.ToString(), r => r.ToInfo());
    }

    private static Task<SaidAnswer> Say(SayRequest body, HttpContext http, Conversations conversations, CancellationToken ct) =>
        conversations.HearAsync(new Heard(http.Principal().Name, Once(body, http)), ct);

    private static Task<SaidAnswer> SayMore(string id, SayRequest body, HttpContext http, Conversations conversations, CancellationToken ct) =>
        conversations.HearAsync(new Heard(http.Principal().Name, Once(body, http), id), ct);

    private static PreferencesInfo ReadPreferences(Preferences preferences) => new() { Text = preferences.Read(), Limit = Preferences.Limit };

    private static PreferencesInfo WritePreferences(SetPreferences body, Preferences preferences) => new() { Text = preferences.Write(body.Text), Limit = Preferences.Limit };

    // Messages are told apart by their own id; a request's key serves where the channel has none. A first message that is sent
    // again finds its conversation by the same id.
    private static SayRequest Once(SayRequest body, HttpContext http) =>
        (body.MessageId ?? Writes.Key(http)) is { } id ? body with { MessageId = id, OutsideId = body.OutsideId ?? id } : body;
}
