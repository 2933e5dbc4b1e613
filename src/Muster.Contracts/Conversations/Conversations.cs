namespace Muster.Contracts.Conversations;

/// <summary>Ways to talk with people. A conversation belongs to one of them; other names of one word may be used too.</summary>
public static class Channels
{
    public const string Terminal = "terminal";
    public const string Web = "web";
    public const string Telegram = "telegram";
    public const string Voice = "voice";
    public const string Email = "email";
    public const string Sms = "sms";
    public const string Mcp = "mcp";
}

public static class TurnAuthors
{
    public const string Person = "person";
    public const string Chief = "chief";
}

/// <summary>A person and the Chief of Staff talking on one channel.</summary>
public sealed record ConversationInfo
{
    public required string Id { get; init; }

    /// <summary>One of <see cref="Channels"/>, or another name of one word.</summary>
    public required string Channel { get; init; }

    /// <summary>What the channel calls this conversation: a chat's number, a thread's id.</summary>
    public string? OutsideId { get; init; }
    public required string Title { get; init; }

    /// <summary>Who speaks with the Chief of Staff, as the plane knows them.</summary>
    public required string Person { get; init; }
    public required int Turns { get; init; }

    /// <summary>Key of the newest goal that came of it, such as <c>G-3</c>.</summary>
    public string? Goal { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>Something that was said.</summary>
public sealed record TurnInfo
{
    public required string Id { get; init; }
    public required string ConversationId { get; init; }

    /// <summary>1, 2, 3 ... within its conversation.</summary>
    public required int Number { get; init; }

    /// <summary>One of <see cref="TurnAuthors"/>.</summary>
    public required string Author { get; init; }
    public required string Text { get; init; }

    /// <summary>Key of the goal that it was about.</summary>
    public string? Goal { get; init; }

    /// <summary>What the channel calls this message.</summary>
    public string? OutsideId { get; init; }
    public required DateTimeOffset At { get; init; }
}

/// <summary>
/// Says something to the Chief of Staff. The first message of a conversation is a wish, which becomes a goal; later ones change
/// it, answer it or approve it. The same <see cref="MessageId"/> again says nothing twice.
/// </summary>
public sealed record SayRequest
{
    public required string Text { get; init; }

    /// <summary>Where it is said; <see cref="Channels.Terminal"/> when null.</summary>
    public string? Channel { get; init; }

    /// <summary>What the channel calls the conversation: said again, it goes on. A new one when null.</summary>
    public string? OutsideId { get; init; }

    /// <summary>What the channel calls this message.</summary>
    public string? MessageId { get; init; }

    /// <summary>Key or name of the project that a wish is about; the plan says which when null.</summary>
    public string? Project { get; init; }

    /// <summary>Path or URL of a repository that may become a project for it.</summary>
    public string? Repository { get; init; }

    /// <summary>One of <see cref="PlanApprovals"/>; the project's own when null.</summary>
    public string? Approval { get; init; }

    /// <summary>The most that the goal may cost, in US dollars.</summary>
    public double? BudgetUsd { get; init; }
}

/// <summary>What a message came to.</summary>
public sealed record SaidAnswer
{
    public required ConversationInfo Conversation { get; init; }
    public required TurnInfo Turn { get; init; }

    /// <summary>What was answered at once by plain code; what a model is asked for comes later, as an event.</summary>
    public TurnInfo? Answer { get; init; }

    /// <summary>The goal it was about.</summary>
    public GoalInfo? Goal { get; init; }
}

/// <summary>What the person has said that they prefer: a plain file, a line each.</summary>
public sealed record PreferencesInfo
{
    public required string Text { get; init; }

    /// <summary>Most characters that it may have.</summary>
    public required int Limit { get; init; }
}

public sealed record SetPreferences
{
    public required string Text { get; init; }
}
