using Microsoft.Extensions.Options;

namespace Muster.ControlPlane.Tools;

/// <summary>How tools become approved, and how long they stay so.</summary>
public sealed record ToolOptions
{
    public const string Section = "Tools";

    /// <summary>A person approves every version.</summary>
    public const string Person = "person";

    /// <summary>A version that asks for nothing, and whose source seems to touch nothing, is approved when its tests pass.</summary>
    public const string TestedWithoutPermissions = "tested-without-permissions";

    /// <summary>What approves a version whose tests passed: <c>person</c> always, or <c>tested-without-permissions</c>, which lets what asks for nothing be approved by itself.</summary>
    public string Approve { get; set; } = TestedWithoutPermissions;

    /// <summary>Calls in a row that fail by the tool's own fault before it is pulled.</summary>
    public int PullAfter { get; set; } = 5;

    /// <summary>Tools there may be.</summary>
    public int MaxTools { get; set; } = 500;

    /// <summary>Versions that one attempt may make, of all tools together.</summary>
    public int MaxVersionsOfAttempt { get; set; } = 20;

    /// <summary>Times that tests, or a run, are given to a host before they count as what cannot be carried out.</summary>
    public int MaxJobAttempts { get; set; } = 3;
}

internal sealed class ToolOptionsCheck : IValidateOptions<ToolOptions>
{
    public ValidateOptionsResult Validate(string? name, ToolOptions options)
    {
        var errors = new List<string>();
        Require(options.Approve is ToolOptions.Person or ToolOptions.TestedWithoutPermissions, nameof(options.Approve), $"'{ToolOptions.Person}' or '{ToolOptions.TestedWithoutPermissions}'");
        Require(options.PullAfter is >= 1 and <= 1000, nameof(options.PullAfter), "1 to 1000");
        Require(options.MaxTools is >= 1 and <= 10_000, nameof(options.MaxTools), "1 to 10000");
        Require(options.MaxVersionsOfAttempt is >= 1 and <= 1000, nameof(options.MaxVersionsOfAttempt), "1 to 1000");
        Require(options.MaxJobAttempts is >= 1 and <= 100, nameof(options.MaxJobAttempts), "1 to 100");
        return errors.Count > 0 ? ValidateOptionsResult.Fail(errors) : ValidateOptionsResult.Success;

        void Require(bool holds, string setting, string range)
        {
            if (!holds) errors.Add($"{ToolOptions.Section}:{setting} must be {range}.");
        }
    }
}
