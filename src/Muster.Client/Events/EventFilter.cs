using Muster.Client.Http;

namespace Muster.Client;

/// <summary>Which events to tell; null takes all.</summary>
public sealed record EventFilter
{
    /// <summary>Types such as <c>task.claimed</c>, or groups such as <c>task.*</c>.</summary>
    public IReadOnlyList<string>? Types { get; init; }

    /// <summary>Id or key of one project.</summary>
    public string? Project { get; init; }

    /// <summary>Id or key of one task.</summary>
    public string? Task { get; init; }

    internal static Query AddTo(Query query, long? after, EventFilter? filter) => query
        .Add("after", after)
        .Add("types", filter?.Types is { Count: > 0 } types ? string.Join(',', types) : null)
        .Add("project", filter?.Project)
        .Add("task", filter?.Task);
}
