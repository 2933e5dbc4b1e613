using Muster.Contracts.Work;

namespace Muster.ControlPlane.Work.Plans;

/// <summary>What an epic waits for: <c>Blocked until Epics 1-4 reach 80%</c>. The percentage is of hours.</summary>
internal static class GateLine
{
    private static readonly string[] Openings =
        ["blocked until", "blocked till", "gated until", "gated on", "starts when", "start when", "starts after", "start after", "starts once", "waits until", "waits for", "not before", "until", "after", "when"];
    private static readonly string[] Reach =
        ["reaches", "reach", "reached", "is at least", "are at least", "is at", "are at", "have reached", "has reached", "is", "are", "gets to", "get to", "hits", "hit", "at least", "at"];
    private static readonly string[] Complete = ["complete", "completed", "completion", "done", "finished", "merged"];

    /// <summary>Reads the whole line, or gives null.</summary>
    public static Gate? Read(string text)
    {
        var scan = new Scanner(text.AsSpan().Trim().Trim("_*").TrimEnd('.'));
        var named = scan.TakeAny("gate");
        if (named && !scan.Take(':')) return null;
        scan.SkipSpaces();
        if (!scan.TakeAny(Openings) && !named) return null;
        if (!scan.Rest.StartsWith("epic", StringComparison.OrdinalIgnoreCase) || !References.TakeEpics(ref scan, out var epics)) return null;
        scan.SkipSpaces();
        var reach = scan.TakeAny(Reach);
        if (!TakePercent(ref scan, out var percent)) return null;
        var complete = scan.TakeAny("of their hours", "of its hours", "of the hours", "of hours") || scan.TakeAny(Complete);
        // "Until epics 1-4 reach" promises a percentage; only "are done" may do without.
        if (percent is null && !(reach && complete)) return null;
        scan.TakeAny("(by hours)", "by hours");
        return scan.AtEnd && percent is not 0 ? new Gate { Epics = [.. epics.Distinct()], Percent = percent ?? 100 } : null;
    }

    public static bool LooksLikeOne(string text) =>
        text.Contains("blocked until", StringComparison.OrdinalIgnoreCase)
        || text.Contains("blocked till", StringComparison.OrdinalIgnoreCase)
        || text.Contains("blocked by epic", StringComparison.OrdinalIgnoreCase)
        || text.Contains("blocked on epic", StringComparison.OrdinalIgnoreCase)
        || text.StartsWith("gate:", StringComparison.OrdinalIgnoreCase)
        || text.StartsWith("gated ", StringComparison.OrdinalIgnoreCase)
        || text.StartsWith("starts when ", StringComparison.OrdinalIgnoreCase)
        || text.StartsWith("starts after epic", StringComparison.OrdinalIgnoreCase)
        || text.StartsWith("until epic", StringComparison.OrdinalIgnoreCase);

    private static bool TakePercent(ref Scanner scan, out int? percent)
    {
        percent = null;
        if (!char.IsAsciiDigit(scan.Current)) return true;
        if (!scan.TakeInteger(out var value) || value > 100) return false;
        scan.SkipSpaces();
        if (!scan.Take('%') && !scan.TakePhrase("percent") && !scan.TakePhrase("per cent")) return false;
        scan.SkipSpaces();
        percent = value;
        return true;
    }
}
