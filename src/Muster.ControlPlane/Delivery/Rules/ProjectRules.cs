using Muster.Contracts.Delivery;

namespace Muster.ControlPlane.Delivery.Rules;

/// <summary>What a project demands of a change and how it is deployed, as its target branch says or as it was detected.</summary>
public sealed record ProjectRules
{
    public const string FileName = "muster.yaml";

    public IReadOnlyList<CheckDefinition> Checks { get; init; } = [];

    /// <summary>Makes the project's own policy stricter when it says <c>person</c>.</summary>
    public string? Review { get; init; }

    /// <summary>Files and folders whose change a person approves.</summary>
    public IReadOnlyList<string> Person { get; init; } = [];

    /// <summary>Default contract of the project's tasks when set.</summary>
    public string? Contract { get; init; }
    public IReadOnlyDictionary<string, DeployDefinition> Deploy { get; init; } = new Dictionary<string, DeployDefinition>(StringComparer.Ordinal);

    /// <summary>Whether the checks were detected because none are declared.</summary>
    public bool Detected { get; init; }

    public bool HasRequiredCheck => Checks.Any(c => c.Required);
}

/// <summary>Something wrong in <c>muster.yaml</c>, with what to do about it.</summary>
public sealed record RuleError(int Line, string Text)
{
    public override string ToString() => $"{ProjectRules.FileName}:{Line}: {Text}";
}
