using Microsoft.Extensions.Options;

namespace Muster.ControlPlane.Conversations;

/// <summary>Limits of what the Chief of Staff plans and thinks.</summary>
public sealed record ChiefOptions
{
    public const string Section = "Chief";

    /// <summary>Route, or <c>provider/model</c>, that is asked for plans.</summary>
    public string Route { get; set; } = "smart";

    /// <summary>Most tasks of one plan.</summary>
    public int MaxTasks { get; set; } = 40;

    /// <summary>Hours that one task may be estimated at; what is larger must be split.</summary>
    public int MaxTaskHours { get; set; } = 8;

    /// <summary>Most questions that a plan may ask.</summary>
    public int MaxQuestions { get; set; } = 3;

    /// <summary>Times that a plan which does not hold up goes back to the model with what is wrong.</summary>
    public int MaxCorrections { get; set; } = 2;

    /// <summary>Changes of a running goal's plan after failures before the person is asked; what the person says begins the count anew.</summary>
    public int MaxChanges { get; set; } = 6;

    /// <summary>Changes of one task before it may only be split, dropped or asked about.</summary>
    public int MaxTaskChanges { get; set; } = 2;

    /// <summary>Questions to a model that one goal may cost before a person must say that it goes on.</summary>
    public int MaxCalls { get; set; } = 40;

    /// <summary>Goals that are thought about at once; others wait.</summary>
    public int MaxThoughts { get; set; } = 4;

    /// <summary>Characters of a model's answer; a longer one is cut off and refused.</summary>
    public int MaxAnswer { get; set; } = 60_000;

    /// <summary>Longest that one answer of a model may take.</summary>
    public TimeSpan AnswerTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Wait before a model that could not be asked is asked again.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(15);
}

internal sealed class ChiefOptionsCheck : IValidateOptions<ChiefOptions>
{
    public ValidateOptionsResult Validate(string? name, ChiefOptions options)
    {
        var errors = new List<string>();
        Require(options.Route is { Length: >= 1 and <= 200 }, nameof(options.Route), "a route's name or provider/model");
        Require(options.MaxTasks is >= 1 and <= 200, nameof(options.MaxTasks), "1 to 200");
        Require(options.MaxTaskHours is >= 1 and <= 200, nameof(options.MaxTaskHours), "1 to 200 hours");
        Require(options.MaxQuestions is >= 0 and <= 10, nameof(options.MaxQuestions), "0 to 10");
        Require(options.MaxCorrections is >= 0 and <= 5, nameof(options.MaxCorrections), "0 to 5");
        Require(options.MaxChanges is >= 0 and <= 100, nameof(options.MaxChanges), "0 to 100");
        Require(options.MaxTaskChanges is >= 0 and <= 10, nameof(options.MaxTaskChanges), "0 to 10");
        Require(options.MaxCalls is >= 1 and <= 10_000, nameof(options.MaxCalls), "1 to 10000");
        Require(options.MaxThoughts is >= 1 and <= 100, nameof(options.MaxThoughts), "1 to 100");
        Require(options.MaxAnswer is >= 1000 and <= 1_000_000, nameof(options.MaxAnswer), "1000 to 1000000 characters");
        Require(InRange(options.AnswerTimeout, 1, 3600), nameof(options.AnswerTimeout), "00:00:01 to 01:00:00");
        Require(InRange(options.RetryDelay, 0.01, 3600), nameof(options.RetryDelay), "00:00:00.01 to 01:00:00");
        return errors.Count > 0 ? ValidateOptionsResult.Fail(errors) : ValidateOptionsResult.Success;

        void Require(bool holds, string setting, string range)
        {
            if (!holds) errors.Add($"{ChiefOptions.Section}:{setting} must be {range}.");
        }

        static bool InRange(TimeSpan span, double min, double max) => span.TotalSeconds >= min && span.TotalSeconds <= max;
    }
}
