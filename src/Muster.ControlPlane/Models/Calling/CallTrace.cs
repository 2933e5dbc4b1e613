using System.Diagnostics;
using Muster.ControlPlane.Operations;

namespace Muster.ControlPlane.Models.Calling;

/// <summary>
/// Model calls as spans: one for the call of an agent and below it one for each try of a leg. Only tries have the <c>gen_ai</c>
/// attributes of OpenTelemetry, so that whoever adds up tokens counts them once.
/// </summary>
public static class CallTrace
{
    /// <summary>A call as its caller sees it, over whatever legs it goes.</summary>
    public static Activity? Begin(ModelRoute route) => Traces.Source.StartActivity($"model call {route.Name}")?.SetTag("muster.route", route.Name);

    /// <summary>Whom it is for, once that is known.</summary>
    public static void For(this Activity span, string? task, string? assignmentId, string? agent, string? role) =>
        span.SetTag("muster.task", task).SetTag("muster.assignment", assignmentId).SetTag("muster.agent", agent).SetTag("muster.role", role);

    /// <param name="span">From <see cref="Begin"/>.</param>
    /// <param name="outcome">How it ended; null when it failed in the plane.</param>
    public static void End(this Activity span, string? outcome)
    {
        if (outcome != CallOutcome.Ok) Failed(span, outcome ?? "_OTHER");
    }

    internal static Activity? BeginTry(ModelLeg leg, int maxTokens) =>
        Traces.Source.StartActivity($"chat {leg.Model}", ActivityKind.Client)?
            .SetTag("gen_ai.operation.name", "chat")
            .SetTag("gen_ai.provider.name", leg.Provider)
            .SetTag("gen_ai.request.model", leg.Model)
            .SetTag("gen_ai.request.max_tokens", maxTokens);

    internal static void End(this Activity span, LegOutcome made)
    {
        // OpenTelemetry counts what was read from the cache, or written to it, as input too.
        span.SetTag("gen_ai.response.model", made.Served)
            .SetTag("gen_ai.usage.input_tokens", made.Tokens.Total - made.Tokens.Out)
            .SetTag("gen_ai.usage.output_tokens", made.Tokens.Out)
            .SetTag("gen_ai.usage.cache_read.input_tokens", made.Tokens.Cached)
            .SetTag("gen_ai.usage.cache_creation.input_tokens", made.Tokens.Stored)
            .SetTag("muster.first_token_ms", made.FirstTokenMs);
        if (made.Outcome != CallOutcome.Ok) Failed(span, made.Outcome);
    }

    private static void Failed(Activity span, string type) => span.SetTag("error.type", type).SetStatus(ActivityStatusCode.Error, type);
}
