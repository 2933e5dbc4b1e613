using System.CommandLine;
using System.Globalization;
using Muster.Contracts.Models;
using Muster.Terminals;

namespace Muster.Commands;

internal static class ModelsCommand
{
    public static Command Create()
    {
        var reason = new Option<string?>("--reason") { Description = "Why; shown to whoever is refused", HelpName = "TEXT" };
        return new Command("models", "Which models there are and how they are; the switch for all of them").With(
            new Command("list", "Routes, providers and how they are").Does(async call => Show(call, await call.Muster.GetModelsAsync(call.Stop))),
            new Command("off", "Refuse every call of a model, and end those under way").With(reason).Does(call => SwitchAsync(call, true, call.Get(reason))),
            new Command("on", "Let models be asked again").Does(call => SwitchAsync(call, false, null)));
    }

    private static async Task SwitchAsync(Call call, bool off, string? reason)
    {
        var models = await call.Muster.SwitchModelsAsync(new SwitchModels { Off = off, Reason = reason }, ct: call.Stop);
        call.Terminal.Document(models);
        call.Terminal.Line(models.Off ? "All models are off. `muster models on` switches them on again." : "Models are on.");
    }

    private static void Show(Call call, ModelsInfo models)
    {
        call.Terminal.Document(models);
        if (models.Off) call.Terminal.Line($"All models are OFF{(models.OffReason is null ? "" : $": {Plain.Line(models.OffReason)}")}. `muster models on` switches them on again.");
        var grid = new Grid("ROUTE", "", "MODEL", "STATE", "USD IN", "OUT", "WHY");
        foreach (var route in models.Routes)
        {
            if (route.Legs.Count == 0) grid.Row(route.Name, "", "-", "none", "", "", "no provider of it is set up");
            for (var i = 0; i < route.Legs.Count; i++)
            {
                var leg = route.Legs[i];
                grid.Row(i == 0 ? route.Name : "", i + 1, $"{leg.Provider}/{leg.Model}", Cell.State(leg.State), Price(leg.UsdIn), Price(leg.UsdOut), leg.Reason);
            }
        }

        grid.WriteTo(call.Terminal, "There are no routes.");
        var lacking = models.Providers.Where(p => !p.Usable).ToList();
        foreach (var provider in lacking) call.Terminal.Note(Plain.Line(provider.Why ?? ""));
        if (models.PricesOf.Length > 0) call.Terminal.Note($"Prices for a million tokens, of {models.PricesOf}.");
    }

    private static string Price(double? usd) => usd is { } price ? price.ToString("0.###", CultureInfo.InvariantCulture) : "?";
}
