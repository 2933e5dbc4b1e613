using Microsoft.Extensions.Options;

namespace Muster.ControlPlane.Delivery;

/// <summary>Limits of the local forge, the merge queue, jobs and deployments.</summary>
public sealed record DeliveryOptions
{
    public const string Section = "Delivery";

    /// <summary>Largest pack that may be pushed, bytes.</summary>
    public long MaxPushBytes { get; set; } = 512L * 1024 * 1024;

    /// <summary>Longest a fetch or a push may take.</summary>
    public TimeSpan GitTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Fetches and pushes at once; more wait.</summary>
    public int MaxGitRequests { get; set; } = 32;

    /// <summary>Longest patch that is shown, bytes.</summary>
    public int MaxDiffBytes { get; set; } = 1024 * 1024;

    /// <summary>Seconds without a renewal after which a job is given to another host.</summary>
    public int JobLeaseSeconds { get; set; } = 60;

    /// <summary>Times a job is given out before it counts as one that cannot be carried out.</summary>
    public int MaxJobAttempts { get; set; } = 3;

    /// <summary>Wait before a job that could not be carried out is given out again; doubles up to 15 minutes.</summary>
    public TimeSpan JobRetryDelay { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How often tasks in review are looked at again although nothing was reported about them.</summary>
    public TimeSpan ReviewSweep { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a push to the person's repository that was refused is tried again.</summary>
    public TimeSpan PushBackRetry { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>When an epic whose check could not be run at all is tried again although nothing moved.</summary>
    public TimeSpan EpicRetry { get; set; } = TimeSpan.FromMinutes(5);
}

internal sealed class DeliveryOptionsCheck : IValidateOptions<DeliveryOptions>
{
    public ValidateOptionsResult Validate(string? name, DeliveryOptions options)
    {
        var errors = new List<string>();
        Require(options.MaxPushBytes is >= 1024 and <= 1L << 40, nameof(options.MaxPushBytes), "1024 to 1099511627776 bytes");
        Require(InRange(options.GitTimeout, 1, 86400), nameof(options.GitTimeout), "00:00:01 to 1.00:00:00");
        Require(options.MaxGitRequests is >= 1 and <= 10_000, nameof(options.MaxGitRequests), "1 to 10000");
        Require(options.MaxDiffBytes is >= 1024 and <= 64 * 1024 * 1024, nameof(options.MaxDiffBytes), "1024 to 67108864 bytes");
        Require(options.JobLeaseSeconds is >= 2 and <= 3600, nameof(options.JobLeaseSeconds), "2 to 3600 seconds");
        Require(options.MaxJobAttempts is >= 1 and <= 100, nameof(options.MaxJobAttempts), "1 to 100");
        Require(InRange(options.JobRetryDelay, 0, 900), nameof(options.JobRetryDelay), "00:00:00 to 00:15:00");
        Require(InRange(options.ReviewSweep, 1, 3600), nameof(options.ReviewSweep), "00:00:01 to 01:00:00");
        Require(InRange(options.PushBackRetry, 1, 86400), nameof(options.PushBackRetry), "00:00:01 to 1.00:00:00");
        Require(InRange(options.EpicRetry, 1, 86400), nameof(options.EpicRetry), "00:00:01 to 1.00:00:00");
        return errors.Count > 0 ? ValidateOptionsResult.Fail(errors) : ValidateOptionsResult.Success;

        void Require(bool holds, string setting, string range)
        {
            if (!holds) errors.Add($"{DeliveryOptions.Section}:{setting} must be {range}.");
        }

        static bool InRange(TimeSpan span, double min, double max) => span.TotalSeconds >= min && span.TotalSeconds <= max;
    }
}
