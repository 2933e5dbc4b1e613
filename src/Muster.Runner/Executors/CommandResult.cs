using System.Text.Json;
using System.Text.Json.Serialization;
using Muster.Contracts.Delivery;
using Muster.Runner.Builtin.Tools;

namespace Muster.Runner.Executors;

/// <summary>What a program may write to the file named in <c>MUSTER_RESULT</c>.</summary>
internal sealed record CommandResult
{
    public string? Summary { get; init; }
    public double? SpentHours { get; init; }
    public IReadOnlyList<EvidenceClaim>? Evidence { get; init; }
    /// <summary>What the next in this role should know at once.</summary>
    public string? Lesson { get; init; }
    public int? Progress { get; init; }
    public CommandFailure? Failure { get; init; }

    private const long MaxBytes = 256 * 1024;

    // Strict: a misspelt field is better said than silently without effect.
    private static readonly JsonSerializerOptions Strict = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        NumberHandling = JsonNumberHandling.Strict,
    };

    /// <returns>The result, null when the program wrote none, or what is wrong with it.</returns>
    public static (CommandResult? Result, string? Error) Read(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists) return (null, null);
        if (file.LinkTarget is not null) return (null, "The result file is a link.");
        try
        {
            // A pipe in its place is not waited for.
            using var stream = Files.Open(path, "MUSTER_RESULT");
            if (stream.Length > MaxBytes) return (null, $"The result file is longer than {MaxBytes / 1024} KB.");
            var result = JsonSerializer.Deserialize<CommandResult>(stream, Strict);
            if (result?.SpentHours is < 0 or > 10_000) return (null, "The result file's spentHours is not a number of hours.");
            return (result, null);
        }
        catch (ToolFailureException refused)
        {
            return (null, refused.Message);
        }
        catch (JsonException error)
        {
            return (null, $"The result file is not the JSON it should be: {error.Message}");
        }
    }
}

internal sealed record CommandFailure
{
    public required string Reason { get; init; }
    public bool Retry { get; init; } = true;
}
