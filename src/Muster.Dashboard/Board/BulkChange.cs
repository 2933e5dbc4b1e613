using System.Globalization;
using Muster.Client;
using Muster.Contracts.Work;
using Muster.Dashboard.Hosting;

namespace Muster.Dashboard.Board;

/// <summary>
/// One thing done to many tasks. What each was before is kept in a line that undoes it: <c>verb KEY=before KEY=before</c>. The API
/// decides about each; what it refuses is told by name, and the others are done.
/// </summary>
internal static class BulkChange
{
    public const string Cancel = "cancel";
    public const string Retry = "retry";
    public const string Priority = "priority";
    public const string Role = "role";

    /// <summary>Tasks that a page can hold, and more than a person means.</summary>
    private const int Most = 200;

    /// <summary>Calls under way at once: enough that they are committed together, too few to crowd out others.</summary>
    private const int AtOnce = 16;

    public static async Task<string> DoAsync(PageContext page, string verb, IReadOnlyList<string> keys, string? value, CancellationToken ct)
    {
        if (keys.Count == 0) throw new FormException("key", "Select at least one task first.");
        if (keys.Count > Most) throw new FormException("key", $"At most {Most} tasks at once.");
        var (done, refused) = await EachAsync(keys.Select(k => (k, value)), (key, wanted) => ChangeAsync(page.Muster, verb, key, wanted, ct), ct);
        if (done.Count == 0) throw new FormException("key", refused[0]);
        page.Undo = $"{verb} {string.Join(' ', done.Select(d => $"{d.Key}={d.Before}"))}";
        return Said(verb, value, done.ConvertAll(d => d.Key)) + Not(refused);
    }

    public static async Task<string> UndoAsync(PageContext page, string line, CancellationToken ct)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var tasks = words.Skip(1).Select(w => w.Split('=', 2)).Where(w => w.Length == 2).Select(w => (w[0], (string?)w[1])).Take(Most).ToList();
        if (tasks.Count == 0) throw new FormException("what", "There is nothing to undo.");
        var (done, refused) = await EachAsync(tasks, (key, before) => ChangeAsync(page.Muster, words[0] switch { Cancel => Retry, Retry => Cancel, var same => same }, key, before, ct), ct);
        if (done.Count == 0) throw new FormException("what", refused[0]);
        return $"Undone for {Some(done.ConvertAll(d => d.Key))}{Not(refused)}";
    }

    /// <summary>Changes one; answers what it was.</summary>
    private static async Task<string> ChangeAsync(MusterClient muster, string verb, string key, string? value, CancellationToken ct)
    {
        switch (verb)
        {
            case Cancel:
                await muster.CancelTaskAsync(key, ct: ct);
                return "";
            case Retry:
                await muster.RetryTaskAsync(key, ct: ct);
                return "";
            case Priority when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var priority):
                var before = await muster.GetTaskAsync(key, ct);
                await muster.UpdateTaskAsync(key, new UpdateTask { Priority = priority }, ct: ct);
                return $"{before.Priority}";
            case Role:
                var held = await muster.GetTaskAsync(key, ct);
                await muster.UpdateTaskAsync(key, new UpdateTask { Role = value ?? "" }, ct: ct);
                return held.Role ?? "";
            default:
                throw new FormException(verb, "Choose what to do with them.");
        }
    }

    private static async Task<(List<(string Key, string Before)> Done, List<string> Refused)> EachAsync(IEnumerable<(string Key, string? Value)> tasks, Func<string, string?, Task<string>> change, CancellationToken ct)
    {
        var results = tasks.DistinctBy(t => t.Key, StringComparer.OrdinalIgnoreCase).Select(t => (t.Key, t.Value)).ToArray();
        var before = new string?[results.Length];
        var refused = new string?[results.Length];
        await Parallel.ForAsync(0, results.Length, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = ct }, async (i, _) =>
        {
            try
            {
                before[i] = await change(results[i].Key, results[i].Value);
            }
            catch (MusterException no) when (no.StatusCode is >= 400 and < 500 and not StatusCodes.Status401Unauthorized)
            {
                refused[i] = no.Problem?.Errors?.Values.FirstOrDefault()?.FirstOrDefault() ?? no.Message;
            }
        });
        var all = Enumerable.Range(0, results.Length).ToList();
        return ([.. all.Where(i => before[i] is not null).Select(i => (results[i].Key, before[i]!))], [.. all.Select(i => refused[i]).OfType<string>()]);
    }

    private static string Said(string verb, string? value, List<string> keys) => verb switch
    {
        Cancel => $"Cancelled: {Some(keys)}",
        Retry => $"Tried again: {Some(keys)}",
        Priority => $"At priority {value} now: {Some(keys)}",
        _ => $"For {(value is null or "" ? "any role" : value.Replace('-', ' '))} now: {Some(keys)}",
    };

    private static string Some(List<string> keys) => keys.Count <= 4 ? string.Join(", ", keys) : $"{string.Join(", ", keys.Take(3))} and {keys.Count - 3} more";

    private static string Not(List<string> refused) => refused.Count == 0 ? "" : $". {Kit.Words.Count(refused.Count, "task")} not: {refused[0]}";
}
