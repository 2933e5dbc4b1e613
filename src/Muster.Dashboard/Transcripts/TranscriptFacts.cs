using System.Text.Json;
using Muster.Client;
using Muster.Contracts;
using Muster.Contracts.Tools;
using Muster.Dashboard.Hosting;

namespace Muster.Dashboard.Transcripts;

/// <summary>One line of a transcript: what was said, asked for, answered. What an agent wrote is taken as far as it can be read.</summary>
/// <param name="Kind"><c>opening</c>, <c>step</c>, <c>answer</c>, <c>call</c>, <c>result</c>, <c>note</c>, <c>end</c>.</param>
/// <param name="Json">The line.</param>
public sealed record TranscriptLine(string Kind, JsonElement Json)
{
    public string Text(string name) => Json.TryGetProperty(name, out var value) ? value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText() : "";

    public long Number(string name) => Json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : 0;

    public bool Failed => Json.TryGetProperty("failed", out var failed) && failed.ValueKind == JsonValueKind.True;

    public DateTimeOffset? At => Json.TryGetProperty("at", out var at) && at.TryGetDateTimeOffset(out var time) ? time : null;
}

public sealed record TranscriptFacts
{
    /// <summary>Lines of one page.</summary>
    public const int Most = 300;

    private const int LargestLine = 200_000;

    public required string Task { get; init; }
    public required ArtifactInfo Artifact { get; init; }
    public required IReadOnlyList<TranscriptLine> Lines { get; init; }

    /// <summary>Number of the first line that is shown.</summary>
    public required int From { get; init; }
    public required int Total { get; init; }

    public static async Task<TranscriptFacts> ReadAsync(PageContext page)
    {
        var key = page.Value("key")!;
        var task = await page.Muster.GetTaskAsync(key);
        var artifact = await page.Muster.GetArtifactAsync(page.Value("id")!);
        if (artifact.TaskId != task.Id) throw new MusterException(new Problem { Title = "Not found", Status = StatusCodes.Status404NotFound, Code = ProblemCodes.NotFound, Detail = $"{task.Key} has no such transcript." });
        var from = int.TryParse(page.Asked("from"), out var asked) && asked > 0 ? asked : 0;
        List<TranscriptLine> lines = [];
        var number = 0;
        await using var content = await page.Muster.GetArtifactContentAsync(artifact.Id);
        using var reader = new StreamReader(content);
        while (await reader.ReadLineAsync() is { } text)
        {
            var at = number++;
            if (at >= from && at < from + Most && Read(text) is { } line) lines.Add(line);
        }

        return new TranscriptFacts { Task = task.Key, Artifact = artifact, Lines = lines, From = from, Total = number };
    }

    private static TranscriptLine? Read(string text)
    {
        if (text.Length is 0 or > LargestLine) return null;
        try
        {
            using var json = JsonDocument.Parse(text);
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("kind", out var kind) && kind.ValueKind == JsonValueKind.String
                ? new TranscriptLine(kind.GetString()!, json.RootElement.Clone())
                : null;
        }
        catch (JsonException)
        {
            // Not every artifact by that name is a transcript; what is none is not shown as one.
            return null;
        }
    }
}
