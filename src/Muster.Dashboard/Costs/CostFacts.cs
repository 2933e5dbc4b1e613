using Muster.Contracts.Models;
using Muster.Contracts.Progress;
using Muster.Dashboard.Hosting;

namespace Muster.Dashboard.Costs;

/// <summary>What models cost: by day, and by whatever the address asks for.</summary>
public sealed record CostFacts
{
    private const int MostBudgets = 50;

    public static IReadOnlyList<(string By, string Name)> Ways { get; } = [("model", "Model"), ("project", "Project"), ("agent", "Agent"), ("task", "Task"), ("role", "Role"), ("provider", "Provider")];

    public static IReadOnlyList<int> Spans { get; } = [7, 30, 90];

    public required string By { get; init; }
    public required int Days { get; init; }
    public required CostReport Daily { get; init; }
    public required CostReport Rows { get; init; }
    public required IReadOnlyList<BudgetInfo> Budgets { get; init; }
    public required Statistics Statistics { get; init; }

    /// <summary>What this month comes to when it goes on as in the last seven days.</summary>
    public required double MonthSoFar { get; init; }
    public required double MonthForecast { get; init; }

    public static async Task<CostFacts> ReadAsync(PageContext page)
    {
        var by = Ways.FirstOrDefault(w => w.By == page.Asked("by")).By ?? "model";
        var days = int.TryParse(page.Asked("days"), out var asked) && Spans.Contains(asked) ? asked : 30;
        var today = page.Now.UtcDateTime.Date;
        var month = new DateTimeOffset(today.Year, today.Month, 1, 0, 0, 0, TimeSpan.Zero);
        var since = new DateTimeOffset(today, TimeSpan.Zero).AddDays(1 - days);
        var daily = page.Muster.GetModelCostAsync("day", since < month ? since : month);
        var rows = page.Muster.GetModelCostAsync(by, since);
        var budgets = page.Muster.ListBudgetsAsync(limit: MostBudgets);
        var statistics = page.Muster.GetStatisticsAsync();
        var all = await daily;
        var soFar = all.Rows.Where(r => Day(r) >= month).Sum(r => r.Usd);
        var lately = all.Rows.Where(r => Day(r) > page.Now.AddDays(-7)).Sum(r => r.Usd) / Math.Clamp((page.Now - (all.Rows.Count > 0 ? all.Rows.Min(Day) : page.Now)).TotalDays, 1, 7);
        return new CostFacts
        {
            By = by,
            Days = days,
            Daily = all with { Rows = [.. Enumerable.Range(0, days).Select(i => since.AddDays(i)).Select(d => all.Rows.FirstOrDefault(r => Day(r) == d) ?? Nothing(d))] },
            Rows = await rows,
            Budgets = (await budgets).Items,
            Statistics = await statistics,
            MonthSoFar = soFar,
            MonthForecast = soFar + (lately * (month.AddMonths(1) - page.Now).TotalDays),
        };
    }

    private static DateTimeOffset Day(CostRow row) =>
        DateTimeOffset.TryParse(row.Name, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal, out var day) ? day : DateTimeOffset.MinValue;

    private static CostRow Nothing(DateTimeOffset day) => new() { Name = day.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture), Calls = 0, TokensIn = 0, TokensOut = 0, TokensCached = 0, Usd = 0, Unpriced = 0 };
}
