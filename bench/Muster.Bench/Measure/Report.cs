using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Muster.Bench.Measure;

/// <summary>A contender's figures: medians of its quiet rounds.</summary>
internal sealed record Row
{
    public required string Benchmark { get; init; }
    public required string Contender { get; init; }
    public int? Size { get; init; }
    public required string Unit { get; init; }
    public required double Median { get; init; }
    public required double Least { get; init; }
    public required double Most { get; init; }

    /// <summary>Rounds counted, and rounds dropped because others took over a tenth of the processor.</summary>
    public required int Rounds { get; init; }
    public required int Dropped { get; init; }

    /// <summary>No round was quiet: the figures are of noisy ones, and low.</summary>
    public bool Noisy { get; init; }
    public Latency? Latency { get; init; }
    public required IReadOnlyDictionary<string, Cost> Servers { get; init; }
    public required double LoadShare { get; init; }
    public required IReadOnlyList<Sample> Samples { get; init; }
}

/// <summary>Everything measured, as a table for people and JSON for programs.</summary>
internal sealed class Report(MachineFacts machine, string command, BenchOptions options)
{
    private static readonly JsonSerializerOptions Indented = new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly List<Row> _rows = [];
    private readonly List<(string Benchmark, string Contender, string Why)> _leftOut = [];
    private readonly List<(string Benchmark, string Text)> _notes = [];

    public string Heading => $"{machine}\n{command}: medians of {options.Rounds} rounds, contenders in turn; load and servers share the processors.";

    public void Add(string benchmark, int? size, IContender contender, IReadOnlyList<Sample> samples)
    {
        var quiet = samples.Where(s => s.IsQuiet).ToList();
        var counted = quiet.Count > 0 ? quiet : samples;
        _rows.Add(new Row
        {
            Benchmark = benchmark,
            Contender = contender.Name,
            Size = size,
            Unit = contender.Unit,
            Median = Median(counted.Select(s => s.Value)),
            Least = counted.Min(s => s.Value),
            Most = counted.Max(s => s.Value),
            Rounds = counted.Count,
            Dropped = samples.Count - quiet.Count,
            Noisy = quiet.Count == 0,
            Latency = counted.All(s => s.Latency is not null)
                ? new Latency(Median(counted.Select(s => s.Latency!.P50)), Median(counted.Select(s => s.Latency!.P99)), counted.Max(s => s.Latency!.Max))
                : null,
            Servers = counted[0].Servers.Keys.ToDictionary(name => name, name => new Cost(
                Median(counted.Select(s => s.Servers[name].Processor)), counted.Max(s => s.Servers[name].PeakMiB), Median(counted.Select(s => s.Servers[name].Written))), StringComparer.Ordinal),
            LoadShare = Median(counted.Select(s => s.LoadShare)),
            Samples = samples,
        });
    }

    public void LeaveOut(string benchmark, string contender, string why) => _leftOut.Add((benchmark, contender, why));

    /// <summary>A sentence that belongs to the figures, such as a ratio between them.</summary>
    public void Note(string benchmark, string text) => _notes.Add((benchmark, text));

    /// <summary>The median of a contender; null when it did not run.</summary>
    public double? Of(string benchmark, string contender, int? size = null) =>
        _rows.FirstOrDefault(r => r.Benchmark == benchmark && r.Contender == contender && r.Size == size)?.Median;

    public string Json() => JsonSerializer.Serialize(new
    {
        machine,
        command,
        rows = _rows,
        leftOut = _leftOut.Select(l => new { l.Benchmark, l.Contender, l.Why }),
        notes = _notes.Select(n => new { n.Benchmark, n.Text }),
    }, Indented);

    public string Tables()
    {
        var text = new StringBuilder();
        foreach (var name in _rows.Select(r => r.Benchmark).Concat(_leftOut.Select(l => l.Benchmark)).Concat(_notes.Select(n => n.Benchmark)).Distinct())
        {
            text.Append(CultureInfo.InvariantCulture, $"### {name}\n\n| contender | size | median | least - most | p50 / p99 / max ms | processor an item, µs | peak MiB | written an item, bytes | load's share | rounds (dropped) |\n| --- | ---: | ---: | --- | --- | --- | --- | --- | ---: | --- |\n");
            foreach (var row in _rows.Where(r => r.Benchmark == name)) text.AppendLine(Line(row));
            foreach (var (_, contender, why) in _leftOut.Where(l => l.Benchmark == name)) text.Append(CultureInfo.InvariantCulture, $"\nLeft out: {contender}. {why}\n");
            foreach (var (_, note) in _notes.Where(n => n.Benchmark == name)) text.Append(CultureInfo.InvariantCulture, $"\n{note}\n");
            text.AppendLine();
        }

        return text.ToString();
    }

    /// <summary>Writes both forms; gives their common path without extension.</summary>
    public async Task<string> SaveAsync(CancellationToken ct)
    {
        var folder = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../bench"));
        Directory.CreateDirectory(folder);
        var file = Path.Combine(folder, machine.At.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture));
        await File.WriteAllTextAsync(file + ".json", Json(), ct);
        await File.WriteAllTextAsync(file + ".md", $"{Heading}\n\n{Tables()}", ct);
        return file;
    }

    private static string Line(Row row) => string.Create(CultureInfo.InvariantCulture,
        $"| {row.Contender} | {row.Size:N0} | **{Figure(row.Median)}** {row.Unit}{(row.Noisy ? " (noisy)" : "")} | {Figure(row.Least)} - {Figure(row.Most)} | {Times(row.Latency)} | {Each(row, c => Figure(c.Processor))} | {Each(row, c => Figure(c.PeakMiB))} | {Each(row, c => Figure(c.Written))} | {row.LoadShare:P0} | {row.Rounds} ({row.Dropped}) |");

    private static string Times(Latency? l) => l is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{l.P50:F2} / {l.P99:F2} / {l.Max:F1}");

    private static string Each(Row row, Func<Cost, string> figure) => string.Join(", ", row.Servers.Select(s => $"{s.Key} {figure(s.Value)}"));

    private static string Figure(double value) => value.ToString(value >= 100 ? "N0" : value >= 10 ? "N1" : "N2", CultureInfo.InvariantCulture);

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }
}
