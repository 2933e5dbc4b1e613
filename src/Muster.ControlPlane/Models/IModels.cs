using System.Text.Json;

namespace Muster.ControlPlane.Models;

/// <summary>The plane's own way to a model. Routes, failover, budgets and the ledger hold for it as for everybody.</summary>
public interface IModels
{
    /// <exception cref="ModelsUnavailableException">No model can be asked now; the message says why and what to do.</exception>
    Task<ModelReply> AskAsync(ModelQuestion question, CancellationToken ct);

    /// <summary>Why no model of this route can be asked now, with what to do; null when one can.</summary>
    string? WhyNot(string route);
}

public sealed record ModelQuestion
{
    /// <summary>A route's name, or <c>provider/model</c>.</summary>
    public required string Route { get; init; }

    /// <summary>Name of the agent that asks, such as <c>cos</c>; its budget is used.</summary>
    public required string Agent { get; init; }
    public string? ProjectId { get; init; }
    public required string Instructions { get; init; }
    public required IReadOnlyList<ModelTurn> Turns { get; init; }

    /// <summary>JSON schema of the answer; null for plain text. What comes back is still to be checked.</summary>
    public JsonElement? Schema { get; init; }
    public int MaxTokens { get; init; } = 8_000;

    /// <summary>Called with each piece of text as it comes.</summary>
    public Action<string>? OnText { get; init; }
}

/// <param name="Role"><c>user</c> or <c>assistant</c>.</param>
/// <param name="Text">What was said.</param>
public sealed record ModelTurn(string Role, string Text);

public sealed record ModelReply
{
    public required string Text { get; init; }
    public required string Provider { get; init; }
    public required string Model { get; init; }
    public required long TokensIn { get; init; }
    public required long TokensOut { get; init; }

    /// <summary>US dollars; null where the price is not known.</summary>
    public double? CostUsd { get; init; }
}

/// <summary>No model can be asked now.</summary>
/// <param name="code"><c>budget</c>, <c>provider_down</c>, <c>models_off</c>.</param>
/// <param name="message">Why, and what to do.</param>
public sealed class ModelsUnavailableException(string code, string message) : Exception(message)
{
    public string Code { get; } = code;
}
