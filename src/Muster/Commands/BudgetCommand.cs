using System.CommandLine;
using System.Globalization;
using Muster.Contracts.Models;
using Muster.Terminals;

namespace Muster.Commands;

internal static class BudgetCommand
{
    public static Command Create()
    {
        var scope = new Argument<string>("scope") { Description = string.Join(", ", BudgetScopes.All) };
        scope.AcceptOnlyFromAmong([.. BudgetScopes.All]);
        var subject = new Argument<string?>("subject") { Description = "Which project, role, agent or task; * for each of them; nothing for the fleet", Arity = ArgumentArity.ZeroOrOne };
        var period = new Option<string>("--period") { Description = "Made whole again every day or month (UTC), or ever", DefaultValueFactory = _ => BudgetPeriods.Ever };
        period.AcceptOnlyFromAmong([.. BudgetPeriods.All]);
        var usd = new Option<double?>("--usd") { Description = "US dollars", HelpName = "N" };
        var tokens = new Option<long?>("--tokens") { Description = "Tokens, both ways", HelpName = "N" };
        var calls = new Option<long?>("--calls") { Description = "Calls of models", HelpName = "N" };
        var id = new Argument<string>("budget") { Description = "Id of the budget" };
        return new Command("budget", "Limits on what models may be used for").With(
            new Command("list", "Every budget and what was used of it").Does(ListAsync),
            new Command("set", "Set a budget, or change one").With(scope, subject, period, usd, tokens, calls).Does(async call =>
            {
                var made = await SetAsync(call, new CreateBudget { Scope = call.Get(scope)!, Subject = call.Get(subject), Period = call.Get(period)!, LimitUsd = call.Get(usd), LimitTokens = call.Get(tokens), LimitCalls = call.Get(calls) });
                call.Terminal.Document(made);
                call.Terminal.Line($"{Whose(made)}, {Period(made)}: {Limits(made)}");
            }),
            new Command("remove", "Take a budget away").With(id).Does(async call =>
            {
                await call.Muster.DeleteBudgetAsync(call.Get(id)!, ct: call.Stop);
                call.Terminal.Document(new { removed = call.Get(id) });
                call.Terminal.Line($"{call.Get(id)} removed");
            }));
    }

    private static async Task<BudgetInfo> SetAsync(Call call, CreateBudget wanted)
    {
        if (wanted is { LimitUsd: null, LimitTokens: null, LimitCalls: null }) throw new CommandException("Give at least one of --usd, --tokens and --calls.") { Code = ExitCodes.BadUsage };
        await foreach (var there in Client.MusterClient.EnumerateAsync(cursor => call.Muster.ListBudgetsAsync(wanted.Scope, cursor, ct: call.Stop)))
            if (there.Period == wanted.Period && string.Equals(there.Subject, wanted.Subject, StringComparison.OrdinalIgnoreCase))
                return await call.Muster.UpdateBudgetAsync(there.Id, new UpdateBudget { LimitUsd = wanted.LimitUsd, LimitTokens = wanted.LimitTokens, LimitCalls = wanted.LimitCalls }, ct: call.Stop);
        return await call.Muster.CreateBudgetAsync(wanted, ct: call.Stop);
    }

    private static async Task ListAsync(Call call)
    {
        List<BudgetInfo> budgets = [];
        await foreach (var budget in Client.MusterClient.EnumerateAsync(cursor => call.Muster.ListBudgetsAsync(cursor: cursor, ct: call.Stop))) budgets.Add(budget);
        call.Terminal.Document(budgets);
        var grid = new Grid("OF", "PERIOD", "LIMIT", "USED", "", "ID");
        foreach (var budget in budgets)
            grid.Row(Whose(budget), Period(budget), Limits(budget), Used(budget), string.Create(CultureInfo.InvariantCulture, $"{budget.Used.Percent:0}%{(budget.Used.Subject is { } who ? $" ({who})" : "")}"), budget.Id);
        grid.WriteTo(call.Terminal, "No budgets: models are used without a limit. `muster budget set fleet --usd 20 --period day` sets one.");
    }

    private static string Whose(BudgetInfo budget) => budget.Subject switch
    {
        null => "the fleet",
        "*" => $"each {budget.Scope}",
        var subject => $"{budget.Scope} {subject}",
    };

    private static string Period(BudgetInfo budget) => budget.Period == BudgetPeriods.Ever ? "in all" : $"a {budget.Period}";

    private static string Limits(BudgetInfo budget) => string.Join(", ", Parts(budget.LimitUsd, budget.LimitTokens, budget.LimitCalls));

    private static string Used(BudgetInfo budget) => string.Join(", ", Parts(budget.LimitUsd is null ? null : budget.Used.Usd, budget.LimitTokens is null ? null : budget.Used.Tokens, budget.LimitCalls is null ? null : budget.Used.Calls));

    private static IEnumerable<string> Parts(double? usd, long? tokens, long? calls)
    {
        if (usd is { } money) yield return "$" + CostCommand.Usd(money);
        if (tokens is { } many) yield return string.Create(CultureInfo.InvariantCulture, $"{many:N0} tokens");
        if (calls is { } times) yield return string.Create(CultureInfo.InvariantCulture, $"{times:N0} calls");
    }
}
