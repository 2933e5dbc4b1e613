using Muster.Contracts;
using Muster.Contracts.Models;
using Muster.ControlPlane.Models.Calling;
using Muster.ControlPlane.Models.Ledger;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Models.Gateway;

/// <summary>Which models there are and how they are; the switch for all of them.</summary>
public static class ModelsApi
{
    public static void MapModels(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Models, Get).WithName("GetModels").Admit(Access.Read);
        routes.MapPost(Routes.ModelSwitch, Switch).WithName("SwitchModels").Admit(Access.Steer);
    }

    private static async Task<ModelsInfo> Switch(SwitchModels body, HttpContext http, Store store, Writes writes, ModelRoutes routes, ProviderHealth health, PriceTable prices, CancellationToken ct)
    {
        new Checked().Line(body.Reason, "reason", 500, required: false).ThrowIfWrong();
        await writes.RunAsync(body, tx =>
        {
            ModelSwitch.Set(tx, body.Off, body.Reason, http.Principal().Name);
            if (!body.Off) Holds.Lift(tx, ProblemCodes.ProviderDown);
            return body.Off;
        }, ct);
        return await Get(store, routes, health, prices, ct);
    }

    private static async Task<ModelsInfo> Get(Store store, ModelRoutes routes, ProviderHealth health, PriceTable prices, CancellationToken ct)
    {
        var off = await ModelSwitch.ReadAsync(store, ct);
        return new ModelsInfo
        {
            Off = off.IsOff,
            OffReason = off.Reason,
            Routes = [.. routes.All.Select(r => new ModelRouteInfo { Name = r.Name, Up = health.WhyDown(r) is null, Legs = [.. health.Of(r).Select(l => Leg(l, prices))] })],
            Providers = [.. routes.Providers.Select(p => new ModelProviderInfo { Name = p.Name, Kind = p.Kind, Usable = p.WhyNot is null, Why = p.WhyNot })],
            PricesOf = prices.Date ?? "",
        };
    }

    private static ModelLegInfo Leg(LegHealth health, PriceTable prices)
    {
        var price = prices.Of(health.Leg.Provider, health.Leg.Model);
        return new ModelLegInfo
        {
            Provider = health.Leg.Provider,
            Model = health.Leg.Model,
            State = health.State switch
            {
                BreakerState.Open => "down",
                BreakerState.HalfOpen => "probing",
                _ => "up",
            },
            Reason = health.Fault?.Message,
            Until = health.Until,
            UsdIn = (double?)price?.In,
            UsdOut = (double?)price?.Out,
        };
    }
}
