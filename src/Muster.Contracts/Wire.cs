using System.Text.Json;
using System.Text.Json.Serialization;

namespace Muster.Contracts;

/// <summary>How every Muster program writes and reads JSON: camelCase, nulls left out, UTC ISO-8601 times.</summary>
public static class Wire
{
    public static JsonSerializerOptions Json { get; } = Create();

    public static JsonSerializerOptions Indented { get; } = new(Create()) { WriteIndented = true };

    /// <summary>Header that carries the lease of the assignment on whose behalf an agent writes.</summary>
    public const string LeaseHeader = "Muster-Lease";

    /// <summary>Header that makes a POST safe to send again: same key and body, same answer.</summary>
    public const string IdempotencyHeader = "Idempotency-Key";

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        };
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}

/// <summary>One page of a list. Pass <see cref="Next"/> as <c>cursor</c> to get the following page; null is the last.</summary>
public sealed record Page<T>
{
    public required IReadOnlyList<T> Items { get; init; }
    public string? Next { get; init; }
}
