using System.CommandLine;
using System.Globalization;
using Muster.Contracts.Models;
using Muster.Terminals;

namespace Muster.Commands;

internal static class CostCommand
{
    private static readonly string[] Kinds = ["day", "task", "agent", "model", "provider", "role", "project"];

    public static Command Create()
    {
        var by = new Option<string>("--by") { Description = $"Summed by {string.Join(", ", Kinds)}", DefaultValueFactory = _ => "day" };
        by.AcceptOnlyFromAmong(Kinds);
        var days = new Option<int>("--days") { Description = "Of the last so many days", DefaultValueFactory = _ => 30, HelpName = "N" };
        var project = new Option<string?>("--project") { Description = "Only of this project", HelpName = "KEY" };
        return new Command("cost", "What models cost").With(by, days, project).Does(async call =>
        {
            if (call.Get(days) is < 1 or > 3660) throw new CommandException("--days is 1 to 3660.") { Code = ExitCodes.BadUsage };
            var report = await call.Muster.GetModelCostAsync(call.Get(by), DateTimeOffset.UtcNow.AddDays(-call.Get(days)), project: call.Get(project), ct: call.Stop);
            call.Terminal.Document(report);
            var grid = new Grid(report.By.ToUpperInvariant(), "USD", "CALLS", "TOKENS IN", "OUT", "CACHED", "");
            foreach (var row in report.Rows) Add(grid, row);
            if (report.Rows.Count > 1) Add(grid, report.Total);
            grid.WriteTo(call.Terminal, $"No model was asked in the last {call.Get(days)} days.");
        });
    }

    public static string Usd(double usd) => usd.ToString(usd is > 0 and < 0.01 ? "0.0000" : "0.00", CultureInfo.InvariantCulture);

    private static void Add(Grid grid, CostRow row) => grid.Row(
        row.Name.Length == 0 ? "-" : row.Name, Usd(row.Usd), Number(row.Calls), Number(row.TokensIn), Number(row.TokensOut), Number(row.TokensCached),
        row.Unpriced == 0 ? "" : $"{Number(row.Unpriced)} of unknown price");

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
