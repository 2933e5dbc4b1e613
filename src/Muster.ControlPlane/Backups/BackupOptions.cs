namespace Muster.ControlPlane.Backups;

/// <summary>Backups that the plane makes by itself. None without a place.</summary>
public sealed record BackupOptions
{
    /// <summary>A folder, or <c>s3://BUCKET/PREFIX</c>.</summary>
    public string? To { get; init; }

    /// <summary>From the beginning of one to the beginning of the next.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Which ones stay.</summary>
    public KeepRule Keep { get; init; } = new();

    /// <summary>Every fault at once, each with what to do.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        if (Every < TimeSpan.FromMinutes(1) || Every > TimeSpan.FromDays(31)) faults.Add("backup.every is 00:01:00 to 31.00:00:00.");
        if (Keep.Last is < 1 or > 10_000) faults.Add("backup.keep.last is 1 to 10000.");
        if (Keep.Daily is < 0 or > 10_000) faults.Add("backup.keep.daily is 0 to 10000.");
        if (Keep.Weekly is < 0 or > 10_000) faults.Add("backup.keep.weekly is 0 to 10000.");
        return faults;
    }
}
