using Muster.Contracts.Work;

namespace Muster.ControlPlane.Work.Plans;

/// <summary><c>Total: 27 issues in 5 epics, 592 hours</c>, in any order.</summary>
internal static class PlanTotalsLine
{
    private static readonly string[] Words = ["grand total", "in total", "totals", "total", "overall", "sum", "subtotal", "sub-total", "epic total"];

    public static bool StartsTotal(string text)
    {
        var scan = new Scanner(text.AsSpan().TrimStart("_*"));
        return scan.TakeAny(Words);
    }

    /// <summary>Whether it says that it is about the epic it stands in.</summary>
    public static bool IsOfEpic(string text) =>
        text.StartsWith("sub", StringComparison.OrdinalIgnoreCase) || text.StartsWith("epic", StringComparison.OrdinalIgnoreCase);

    /// <summary>"Total: ..." or "Total 27 ..." and not "Total rewrite of ...".</summary>
    public static bool LooksLikeOne(string text)
    {
        var scan = new Scanner(text.AsSpan().TrimStart("_*"));
        if (!scan.TakeAny(Words)) return false;
        return scan.Current is ':' or '=' || char.IsAsciiDigit(scan.Current) || PlanText.IsDash(scan.Current);
    }

    public static PlanTotals? Read(string text)
    {
        var scan = new Scanner(text.AsSpan().Trim().Trim("_*").TrimEnd('.'));
        scan.TakeAny(Words);
        if (!scan.Take(':') && !scan.Take('=')) scan.TakeDash();
        return Figures.Read(scan.Rest.ToString(), out _);
    }
}
