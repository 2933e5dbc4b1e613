using Microsoft.Extensions.Options;

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
}

internal sealed class FleetOptionsCheck : IValidateOptions<FleetOptions>
{
    public ValidateOptionsResult Validate(string? name, FleetOptions options) => options.Drift is DriftPolicies.Restart or DriftPolicies.Tell
        ? ValidateOptionsResult.Success
        : ValidateOptionsResult.Fail($"{FleetOptions.Section}:{nameof(options.Drift)} must be {DriftPolicies.Restart} or {DriftPolicies.Tell}.");
}
