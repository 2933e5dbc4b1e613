namespace Muster.Integrations.Git;

public sealed record GitOptions
{
    /// <summary>Folder that holds a folder per project.</summary>
    public required string Folder { get; init; }

    public string Program { get; init; } = "git";

    /// <summary>For anything on the plane's own disk.</summary>
    public TimeSpan LocalTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>For reading from and writing to the person's own repository, and for tidying a mirror.</summary>
    public TimeSpan RemoteTimeout { get; init; } = TimeSpan.FromMinutes(10);
}
