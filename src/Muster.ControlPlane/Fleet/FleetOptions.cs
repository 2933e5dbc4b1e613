using Microsoft.Extensions.Options;
using Muster.Contracts.Delivery;

namespace Muster.ControlPlane.Fleet;

public static class DriftPolicies
{
    /// <summary>An agent that its host keeps alive is started anew, between two tasks.</summary>
    public const string Restart = "restart";

    /// <summary>It is told of, and nothing is done.</summary>
    public const string Tell = "tell";
}

/// <summary>How agents are looked after.</summary>
public sealed record FleetOptions
{
    public const string Section = "Fleet";

    /// <summary>What is done about an agent that runs something else than is declared: <c>restart</c> it between two tasks, or only <c>tell</c>.</summary>
    public string Drift { get; set; } = DriftPolicies.Restart;

    /// <summary>Over how many recorded tasks each proposed role is evaluated by itself; 0 leaves that to people.</summary>
    public int Evaluate { get; set; }
}

internal sealed class FleetOptionsCheck : IValidateOptions<FleetOptions>
{
    public ValidateOptionsResult Validate(string? name, FleetOptions options) =>
        options.Drift is not (DriftPolicies.Restart or DriftPolicies.Tell) ? ValidateOptionsResult.Fail($"{FleetOptions.Section}:{nameof(options.Drift)} must be {DriftPolicies.Restart} or {DriftPolicies.Tell}.")
        : options.Evaluate is < 0 or > EvaluationLimits.Tasks ? ValidateOptionsResult.Fail($"{FleetOptions.Section}:{nameof(options.Evaluate)} must be 0 to {EvaluationLimits.Tasks}.")
        : ValidateOptionsResult.Success;
}
