using Muster.Contracts.Conversations;
using Muster.Contracts.Events;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Conversations;

/// <summary>A row of <c>conversations</c>.</summary>
internal sealed record ConversationRow
{
    /// <summary>Turns of one conversation; a longer one is no conversation any more.</summary>
    public const int MaxTurns = 1000;

    public const string Select = "SELECT c.*, (SELECT MAX(g.number) FROM goals g WHERE g.conversation_id = c.id) AS goal_number FROM conversations c";

    public string Id { get; init; } = "";
    public string Channel { get; init; } = "";
    public string? OutsideId { get; init; }
    public string Title { get; init; } = "";
    public string Person { get; init; } = "";
    public int Turns { get; init; }
    public string? Proposal { get; init; }
    public long CreatedAt { get; init; }
    public long UpdatedAt { get; init; }
    public int? GoalNumber { get; init; }

    public static ConversationRow? Find(StoreTransaction tx, string id) => tx.QueryFirst<ConversationRow>(Select + " WHERE c.id = @id", new { id });

    public static ConversationRow Get(StoreTransaction tx, string id) => Find(tx, id) ?? throw Refusal.NotFound("conversation", id);

    /// <summary>The conversation that a channel means; a new one when it names none or one that is not known yet.</summary>
    public static ConversationRow Of(StoreTransaction tx, string channel, string? outsideId, string person, string text)
    {
        if (outsideId is not null && tx.QueryFirst<ConversationRow>(Select + " WHERE c.channel = @channel AND c.outside_id = @outsideId", new { channel, outsideId }) is { } known) return known;
        var row = new ConversationRow { Id = Ids.New(), Channel = channel, OutsideId = outsideId, Title = Wording.Line(text, 100), Person = person, CreatedAt = tx.Now, UpdatedAt = tx.Now };
        tx.ExecuteOne(
            "INSERT INTO conversations (id, channel, outside_id, title, person, created_at, updated_at) VALUES (@Id, @Channel, @OutsideId, @Title, @Person, @CreatedAt, @UpdatedAt)", row);
        tx.Emit(EventTypes.ConversationBegun, $"{person} began a conversation: {row.Title}", data: new { conversation = row.Id, channel });
        return row;
    }

    public ConversationInfo ToInfo() => new()
    {
        Id = Id,
        Channel = Channel,
        OutsideId = OutsideId,
        Title = Title,
        Person = Person,
        Turns = Turns,
        Goal = GoalNumber is { } number ? GoalRow.KeyOf(number) : null,
        CreatedAt = Times.At(CreatedAt),
        UpdatedAt = Times.At(UpdatedAt),
    };
}

/// <summary>A row of <c>conversation_turns</c>.</summary>
internal sealed record TurnRow
{
    /// <summary>Characters of one message of a person.</summary>
    public const int Limit = 20_000;

    public const string Select = "SELECT t.*, g.number AS goal_number FROM conversation_turns t LEFT JOIN goals g ON g.id = t.goal_id";

    public string Id { get; init; } = "";
    public string ConversationId { get; init; } = "";
    public int Number { get; init; }
    public string Author { get; init; } = "";
    public string Text { get; init; } = "";
    public string? GoalId { get; init; }
    public string? OutsideId { get; init; }
    public long At { get; init; }
    public int? GoalNumber { get; init; }

    /// <summary>Adds what was said. The conversation counts, so that numbers have no gap.</summary>
    public static TurnRow Add(StoreTransaction tx, string conversationId, string author, string text, GoalRow? goal, string? outsideId = null)
    {
        var number = tx.QueryFirst<int>("UPDATE conversations SET turns = turns + 1, updated_at = @Now WHERE id = @conversationId RETURNING turns", new { tx.Now, conversationId });
        var row = new TurnRow
        {
            Id = Ids.New(),
            ConversationId = conversationId,
            Number = number,
            Author = author,
            Text = text,
            GoalId = goal?.Id,
            GoalNumber = goal?.Number,
            OutsideId = outsideId,
            At = tx.Now,
        };
        tx.ExecuteOne(
            "INSERT INTO conversation_turns (id, conversation_id, number, author, text, goal_id, outside_id, at) VALUES (@Id, @ConversationId, @Number, @Author, @Text, @GoalId, @OutsideId, @At)", row);
        tx.Emit(EventTypes.ConversationMessage, $"{(author == TurnAuthors.Chief ? "Chief of Staff" : "Person")}: {Wording.Line(text, 200)}", goal?.ProjectId,
            data: new { conversation = conversationId, turn = number, author, goal = goal?.Key });
        return row;
    }

    public TurnInfo ToInfo() => new()
    {
        Id = Id,
        ConversationId = ConversationId,
        Number = Number,
        Author = Author,
        Text = Text,
        Goal = GoalNumber is { } number ? GoalRow.KeyOf(number) : null,
        OutsideId = OutsideId,
        At = Times.At(At),
    };
}
