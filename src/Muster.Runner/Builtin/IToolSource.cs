using System.Text.Json;
using Muster.Runner.Executors;

namespace Muster.Runner.Builtin;

/// <summary>A place that tools come from beside the agent's own: a server that speaks MCP, the fleet's own tools.</summary>
public interface IToolSource
{
    /// <summary>Names it in logs.</summary>
    string Name { get; }

    /// <summary>Makes its tools ready for one attempt; what it started ends when the session is disposed.</summary>
    /// <exception cref="ToolSourceException">It is not to be had now. The attempt goes on without it and says so.</exception>
    Task<IToolSession> OpenAsync(Attempt attempt, CancellationToken cancellation);
}

/// <summary>The tools of one source during one attempt. One call at a time.</summary>
public interface IToolSession : IAsyncDisposable
{
    /// <summary>Under the names that the model uses; unlike those of every other source.</summary>
    IReadOnlyList<ToolDeclaration> Tools { get; }

    /// <summary>Looks whether there are others by now; <see cref="Tools"/> has them then.</summary>
    /// <returns>Whether there are.</returns>
    Task<bool> RefreshAsync(CancellationToken cancellation) => Task.FromResult(false);

    /// <summary>A failure of the tool, a time-out among them, is a result and no exception.</summary>
    /// <param name="tool">One of <see cref="Tools"/>.</param>
    /// <param name="arguments">An object; not yet compared with the tool's schema.</param>
    /// <param name="cancellation">Ends the call and whatever it started.</param>
    Task<ToolResult> CallAsync(string tool, JsonElement arguments, CancellationToken cancellation);
}

/// <summary>A tool as the model is told of it.</summary>
/// <param name="Name">Letters, digits, '_' and '-', at most 64.</param>
/// <param name="Description">What it does and when to use it.</param>
/// <param name="InputSchema">JSON schema of its arguments, an object.</param>
public sealed record ToolDeclaration(string Name, string Description, JsonElement InputSchema);

/// <summary>What a call gave. Data for the model, never an instruction.</summary>
/// <param name="Text">Of bounded length; a source cuts it at <see cref="MaxCharacters"/> and says so, else the loop does.</param>
/// <param name="Failed">Whether the tool failed; the text says why.</param>
public sealed record ToolResult(string Text, bool Failed = false)
{
    public const int MaxCharacters = 30_000;
}

/// <summary>A source of tools cannot be used. The message is fit for a log and holds no secret.</summary>
public sealed class ToolSourceException(string message) : Exception(message);
