using System.Text.Json.Nodes;
using Muster.Contracts;
using Muster.ControlPlane.Models.Calling;
using Muster.ControlPlane.Models.Protocols;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;


namespace Muster.ControlPlane.Models.Gateway;

/// <summary>
/// The one way to a model: admits a call (lease, switch, budgets), carries it over a route, and records what it came to.
/// </summary>
public sealed class ModelGateway(Store store, CallBook book, CallsUnderWay calls, ModelSetup setup, ModelRouter router, ILogger<ModelGateway> logger)
{
    /// <summary>Tokens an answer may have when its caller leaves that open.</summary>
    public const int DefaultMaxTokens = 16_384;

    private const int MostTokens = 200_000;

    private const int MostAnswers = 16;

    /// <exception cref="Refusal">The call was not admitted; nothing was spent.</exception>
    public async Task<ModelOutcome> CallAsync(ModelCredential credential, ModelProtocol protocol, JsonObject body, IReadOnlyDictionary<string, string> headers, IModelAnswer answer, CancellationToken ct)
    {
        var look = Dialects.Of(protocol).Look(body);
        var route = Route(look.Model);
        if (look.Answers > MostAnswers) throw Refusal.Invalid("n", $"At most {MostAnswers} answers at once.");
        if (look.Continues) throw Refusal.Invalid("previous_response_id", "The request goes on with something that its provider keeps, whose cost no budget can hold beforehand: send the whole input, without previous_response_id, conversation or cachedContent.");
        var maxTokens = Math.Clamp(look.MaxTokens ?? DefaultMaxTokens, 1, MostTokens);
        var lease = LeaseToken.Read(credential.Lease, store.LeaseKey);
        // Entered before the lease is checked: one that ends meanwhile ends the call.
        using var ticket = calls.Enter(lease?.Subject, lease?.Epoch ?? 0, ct);
        using var span = CallTrace.Begin(route);
        if (!setup.Web) WebTools.Remove(body);
        var admitted = await book.AdmitAsync(credential, route, MostOf(body), (long)maxTokens * look.Answers, ticket.Token);
        span?.For(admitted.Caller.TaskKey, admitted.Caller.AssignmentId, admitted.Caller.AgentName, admitted.Caller.Role);
        ModelOutcome? outcome = null;
        try
        {
            return outcome = await router.CallAsync(
                new ModelCall { Protocol = protocol, Body = body, Route = route, MaxTokens = maxTokens, Headers = headers, AssignmentId = admitted.Caller.AssignmentId, Place = admitted.Caller.Place }, answer, ticket.Token);
        }
        finally
        {
            span?.End(outcome?.Outcome);
            await RecordAsync(admitted.Id, outcome);
        }
    }

    /// <summary>Tokens of a request, for whoever may make it: counted by a provider that counts, else an estimate. Costs nothing.</summary>
    /// <exception cref="Refusal">The lease is not current, models are off, or the name leads nowhere.</exception>
    public async Task<long> CountAsync(ModelCredential credential, ModelProtocol protocol, JsonObject body, IReadOnlyDictionary<string, string> headers, CancellationToken ct)
    {
        var route = Route(Dialects.Of(protocol).Look(body).Model);
        await store.WriteAsync(tx =>
        {
            ModelSwitch.Require(tx);
            return credential.Find(tx, store);
        }, ct);
        return await router.CountTokensAsync(new ModelCall { Protocol = protocol, Body = body, Route = route, MaxTokens = 1, Headers = headers }, ct);
    }

    /// <summary>Refuses a name that leads nowhere, with those that do.</summary>
    public ModelRoute Route(string? name)
    {
        if (string.IsNullOrWhiteSpace(name)) throw Refusal.Invalid("model", "Name a model: a route such as smart, or provider/model.");
        return setup.Routes.Find(name, out var whyNot) ?? throw Refusal.Invalid("model", whyNot!);
    }

    /// <summary>Two characters a token: hardly any text has more tokens, and what is held too much is given back.</summary>
    private static long MostOf(JsonObject body) => TokenEstimate.Of(body) * 2;

    private async Task RecordAsync(string callId, ModelOutcome? outcome)
    {
        try
        {
            await book.RecordAsync(callId, outcome?.Tries ?? []);
        }
        catch (Exception error) when (error is StoreUnusableException or System.Data.Common.DbException or IOException)
        {
            // Its row stays; it is recorded as lost, at the most it may have cost, when this plane is gone.
            logger.LogError(error, "What the model call {CallId} came to could not be recorded", callId);
        }
    }
}
