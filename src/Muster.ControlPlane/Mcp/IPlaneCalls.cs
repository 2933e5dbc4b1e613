using ModelContextProtocol;
using Muster.Contracts;

namespace Muster.ControlPlane.Mcp;

/// <summary>
/// The plane's API as a tool calls it: on behalf of whoever called the tool, so that every rule of the API (scopes, leases,
/// limits, idempotency) holds for tools by itself. In the plane a call stays in its process; <c>muster mcp</c> sends it.
/// </summary>
public interface IPlaneCalls
{
    /// <param name="method">GET, POST or PATCH.</param>
    /// <param name="path">Path and query.</param>
    /// <param name="body">Sent as JSON; null sends none.</param>
    /// <param name="key">Makes a repetition harmless; see <see cref="Wire.IdempotencyHeader"/>.</param>
    /// <exception cref="CallRefusedException">The plane refuses; the message may cross the wire.</exception>
    Task<T> SendAsync<T>(HttpMethod method, string path, object? body, string? key, CancellationToken ct);
}

/// <summary>The plane refused what a tool asked for. The message is written for the caller and is shown to the model.</summary>
public sealed class CallRefusedException(Problem problem) : McpException(Say(problem))
{
    public Problem Problem { get; } = problem;

    private static string Say(Problem problem)
    {
        var fields = problem.Errors is { Count: > 0 } errors ? " (" + string.Join(", ", errors.Keys) + ")" : "";
        return $"{problem.Code}: {problem.Detail ?? problem.Title}{fields}";
    }
}

internal static class PlaneCallsExtensions
{
    public static Task<T> GetAsync<T>(this IPlaneCalls plane, string path, CancellationToken ct) => plane.SendAsync<T>(HttpMethod.Get, path, null, null, ct);

    public static Task<T> PostAsync<T>(this IPlaneCalls plane, string path, object? body, string? key, CancellationToken ct) => plane.SendAsync<T>(HttpMethod.Post, path, body, key, ct);

    public static Task<T> PatchAsync<T>(this IPlaneCalls plane, string path, object body, string? key, CancellationToken ct) => plane.SendAsync<T>(HttpMethod.Patch, path, body, key, ct);

    /// <summary>A path with those of the values that are not null.</summary>
    public static string With(this string path, params ReadOnlySpan<(string Name, object? Value)> query)
    {
        var text = path;
        foreach (var (name, value) in query)
        {
            if (value is null) continue;
            var said = value is bool flag ? (flag ? "true" : "false") : Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture)!;
            text += $"{(text.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{name}={Uri.EscapeDataString(said)}";
        }

        return text;
    }
}
