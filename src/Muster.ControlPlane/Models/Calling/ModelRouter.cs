using Muster.ControlPlane.Models.Protocols;
using Muster.ControlPlane.Models.Recording;

namespace Muster.ControlPlane.Models.Calling;

/// <param name="Patience">How long a call waits, in all, for legs that say they are back in a moment, before it is given up.</param>
public sealed record RouterOptions(TimeSpan Patience)
{
    public static RouterOptions Default { get; } = new(TimeSpan.FromSeconds(15));
}

/// <summary>
/// Carries calls to the legs of their route, in order, until one answers. A fault of a leg leads to the next; once part of an
/// answer was delivered there is no next, and the caller is told.
/// </summary>
public sealed class ModelRouter(ModelProviders providers, ProviderHealth health, Recordings recordings, TimeProvider time, RouterOptions options, ILogger<ModelRouter> log)
{
    private const int MostRounds = 4;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);

    public async Task<ModelOutcome> CallAsync(ModelCall call, IModelAnswer answer, CancellationToken ct)
    {
        var tape = recordings.Begin(call, answer);
        var outcome = await CarryAsync(call, new CarriedAnswer(tape ?? answer), ct);
        if (tape is not null) recordings.End(tape, outcome);
        return outcome;
    }

    /// <summary>Tokens of a request, counted by the first leg that counts; else an estimate.</summary>
    public async Task<long> CountTokensAsync(ModelCall call, CancellationToken ct)
    {
        foreach (var leg in call.Route.Legs)
        {
            if (health.Of(leg).IsDown || providers.Find(leg.Provider) is not { } provider || !provider.Protocols.Contains(call.Protocol)) continue;
            var body = WireJson.Copy(call.Body);
            body["model"] = leg.Model;
            if (await provider.CountTokensAsync(new ProviderCall(call.Protocol, body) { Model = leg.Model, Headers = call.Headers }, ct) is { } counted) return counted;
        }

        return TokenEstimate.Of(call.Body);
    }

    private async Task<ModelOutcome> CarryAsync(ModelCall call, CarriedAnswer carried, CancellationToken ct)
    {
        List<LegOutcome> tries = [];
        var waited = TimeSpan.Zero;
        for (var round = 0; ; round++)
        {
            if (await RoundAsync(call, carried, tries, ct) is { } ended) return ended;
            var wait = health.Wait(call.Route);
            var pause = FirstPause * Math.Pow(2, round);
            if (wait > pause) pause = wait.Value;
            waited += pause;
            if (wait is null || round + 1 >= MostRounds || waited > options.Patience) return Down(call.Route, tries);
            await Task.Delay(pause, time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (ct.IsCancellationRequested) return new ModelOutcome { Outcome = CallOutcome.Cancelled, Tries = tries };
        }
    }

    // Null when no leg answered and none has said that nobody can.
    private async Task<ModelOutcome?> RoundAsync(ModelCall call, CarriedAnswer carried, List<LegOutcome> tries, CancellationToken ct)
    {
        LegResult? ours = null;
        var others = 0;
        for (var at = 0; at < call.Route.Legs.Count; at++)
        {
            var leg = call.Route.Legs[at];
            if (providers.Find(leg.Provider) is not { } provider) continue;
            if (!health.TryEnter(leg) || await TryAsync(call, at, provider, carried, ct) is not { } result)
            {
                others++;
                continue;
            }

            tries.Add(result.Outcome);
            if (result.Ours) ours ??= result;
            else others++;
            switch (result.Outcome.Outcome)
            {
                case "ok":
                    return new ModelOutcome { Outcome = CallOutcome.Ok, Tries = tries };
                case FaultClass.Cut:
                    return new ModelOutcome { Outcome = CallOutcome.Cut, Tries = tries, Reason = result.Fault?.Message };
                case FaultClass.Cancelled:
                    return new ModelOutcome { Outcome = CallOutcome.Cancelled, Tries = tries };
                case FaultClass.Refused when !result.Ours:
                    return await RefuseAsync(call, result, carried, tries, ct);
            }

            log.LogInformation("Model {Leg} did not answer ({Class}): {Reason}", leg, result.Outcome.Outcome, result.Fault?.Message);
        }

        return ours is not null && others == 0 ? await RefuseAsync(call, ours, carried, tries, ct) : null;
    }

    private async Task<LegResult?> TryAsync(ModelCall call, int at, IModelProvider provider, CarriedAnswer carried, CancellationToken ct)
    {
        var leg = call.Route.Legs[at];
        LegResult? result = null;
        using var span = CallTrace.BeginTry(leg, call.MaxTokens);
        try
        {
            if (await provider.PrepareAsync(leg.Model, ct) is { } notYet)
            {
                health.Failed(leg, notYet);
                return null;
            }

            var next = call.Route.Legs.Skip(at + 1).Where(l => l.Provider == leg.Provider && l.Model != leg.Model).Select(l => l.Model).ToList();
            result = await new LegTry(call, leg, provider, carried, time) { NextModels = next }.RunAsync(ct);
            return result;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return new LegResult(new LegOutcome { Leg = leg, Outcome = FaultClass.Cancelled, Tokens = new TokenCounts(0, 0), LatencyMs = 0 });
        }
        finally
        {
            Report(leg, result);
            if (result is not null) span?.End(result.Outcome);
        }
    }

    private void Report(ModelLeg leg, LegResult? result)
    {
        if (result is { Outcome.Outcome: "ok" } or { Refusal: not null }) health.Succeeded(leg);
        else if (result is { Fault: { } fault, Ours: false }) health.Failed(leg, fault);
        else health.GaveUp(leg);
    }

    private static async Task<ModelOutcome> RefuseAsync(ModelCall call, LegResult result, CarriedAnswer carried, List<LegOutcome> tries, CancellationToken ct)
    {
        var reason = result.Fault?.Message ?? "The provider refuses the request.";
        var (status, body) = result.Refusal is { } refusal && refusal.Protocol == call.Protocol && refusal.Body.Length > 0
            ? (refusal.Status, refusal.Body)
            : (result.Refusal?.Status ?? 400, WireJson.Bytes(Dialects.Of(call.Protocol).Error(result.Refusal?.Status ?? 400, reason, "invalid_request")));
        try
        {
            await carried.BeginAsync(status, "application/json", new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase) { ["Muster-Model"] = result.Outcome.Leg.ToString() }, ct);
            await carried.WriteAsync(body, ct);
        }
        catch (CallerGoneException)
        {
            return new ModelOutcome { Outcome = CallOutcome.Cancelled, Tries = tries };
        }

        return new ModelOutcome { Outcome = CallOutcome.Refused, Tries = tries, Reason = reason };
    }

    private ModelOutcome Down(ModelRoute route, List<LegOutcome> tries) => new()
    {
        Outcome = CallOutcome.ProviderDown,
        Tries = tries,
        RetryAfter = health.Wait(route),
        Reason = health.WhyDown(route) ?? $"No provider of the route {route.Name} gave an answer: {string.Join(", ", tries.TakeLast(route.Legs.Count).Select(t => $"{t.Leg} {t.Outcome}"))}.",
    };
}
