namespace Muster.Proof.Checking;

/// <summary>One call about one task as an interval: it took effect, if it did, between begin and end.</summary>
public sealed record Call
{
    public required string Kind { get; init; }
    public required string End { get; init; }
    public required long Begin { get; init; }

    /// <summary><see cref="long.MaxValue"/> when no answer came.</summary>
    public required long Answered { get; init; }
    public required string Task { get; init; }
    public required int Epoch { get; init; }
    public string? Agent { get; init; }
    public string? Assignment { get; init; }
    public string? Path { get; init; }
    public string? Effect { get; init; }

    /// <summary>Calls about tasks, from the lines of one file.</summary>
    public static IEnumerable<Call> From(IReadOnlyList<Entry> entries)
    {
        var begun = new Dictionary<long, Entry>();
        foreach (var entry in entries)
        {
            if (!entry.IsEnd) begun[entry.Call] = entry;
            else if (begun.TryGetValue(entry.Call, out var begin)) yield return Of(begin, entry);
        }

        var ended = entries.Where(e => e.IsEnd).Select(e => e.Call).ToHashSet();
        foreach (var open in begun.Values.Where(b => !ended.Contains(b.Call))) yield return Of(open, open with { End = Ends.Unknown });
    }

    private static Call Of(Entry begin, Entry end) => new()
    {
        Kind = begin.Kind,
        End = end.End,
        Begin = begin.At,
        Answered = end.End == Ends.Unknown ? long.MaxValue : end.At,
        Task = end.Task ?? begin.Task ?? "",
        Epoch = end.Epoch == 0 ? begin.Epoch : end.Epoch,
        Agent = begin.Agent,
        Assignment = end.Assignment ?? begin.Assignment,
        Path = begin.Path,
        Effect = begin.Effect ?? end.Effect,
    };
}
