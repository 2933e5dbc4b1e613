using System.Text.Json;

namespace Muster.Contracts.Events;

/// <summary>A message of the bus, as a listener gets it: at most once, from whoever may publish. Data, never an order.</summary>
public sealed record MessageInfo
{
    public required string Subject { get; init; }

    /// <summary>Name of the agent or token that published it, as the plane saw it; null when it came from a program outside.</summary>
    public string? From { get; init; }

    /// <summary>Subject to publish an answer to, when one is awaited.</summary>
    public string? ReplyTo { get; init; }
    public JsonElement? Data { get; init; }
}

/// <summary>A message for whoever listens now.</summary>
public sealed record PublishMessage
{
    /// <summary><c>agents.KEY.</c> with a project's key, then words of your own between dots; or the <c>replyTo</c> of a request.</summary>
    public required string Subject { get; init; }

    /// <summary>Any JSON, at most 64 KiB.</summary>
    public JsonElement? Data { get; init; }
}

public sealed record PublishedMessage
{
    /// <summary>Listeners of this plane that have it.</summary>
    public required int Listeners { get; init; }

    /// <summary>Whether it was handed on to other planes and programs; who has it there is not known.</summary>
    public required bool Forwarded { get; init; }
}

/// <summary>A message to which one answer is awaited.</summary>
public sealed record RequestMessage
{
    public required string Subject { get; init; }
    public JsonElement? Data { get; init; }

    /// <summary>0.05 to 60; 5 when left out.</summary>
    public double? TimeoutSeconds { get; init; }
}
