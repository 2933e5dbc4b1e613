using Muster.Runner.Processes;

namespace Muster.Runner.Profiles;

/// <summary>A coding program as it stands on this machine.</summary>
public sealed record InstalledProgram
{
    private static readonly TimeSpan VersionTime = TimeSpan.FromSeconds(15);

    /// <summary>The executor's name.</summary>
    public required string Name { get; init; }

    /// <summary>As its makers write it.</summary>
    public required string Title { get; init; }

    /// <summary>Null when it is not installed.</summary>
    public string? Path { get; init; }

    /// <summary>What it says of itself; null when it says nothing.</summary>
    public string? Version { get; init; }

    /// <summary>Whether agents can use it with the plane's models.</summary>
    public required bool ThroughGateway { get; init; }

    /// <summary>Whether the person who asks is signed in with its own provider.</summary>
    public required bool SignedIn { get; init; }

    /// <summary>How to get it.</summary>
    public required string Install { get; init; }

    /// <summary>What does not work with it.</summary>
    public string? Limits { get; init; }

    /// <summary>Whether an agent of this host can work with it.</summary>
    public bool Usable => Path is not null && (ThroughGateway || SignedIn);

    /// <summary>Looks for all that are known.</summary>
    public static async Task<IReadOnlyList<InstalledProgram>> FindAllAsync(CancellationToken cancellation) =>
        await Task.WhenAll(ProfileCatalog.All.Select(profile => FindAsync(profile, ChildEnvironment.Create(marker: null, ChildEnvironment.Quiet), cancellation)));

    internal static async Task<InstalledProgram> FindAsync(Profile profile, Dictionary<string, string> environment, CancellationToken cancellation)
    {
        var home = environment.GetValueOrDefault("HOME") ?? System.Environment.GetFolderPath(System.Environment.SpecialFolder.UserProfile);
        var found = new InstalledProgram
        {
            Name = profile.Name,
            Title = profile.Title,
            Install = profile.Install,
            Limits = profile.Limits,
            ThroughGateway = profile.Models != ModelsBy.Own,
            SignedIn = profile.SignedInBy.Any(file => File.Exists(System.IO.Path.Combine(home, file))),
        };
        try
        {
            var path = ProgramPath.Resolve(profile.Program, "/", environment);
            return found with { Path = path, Version = await VersionAsync(path, environment, cancellation) };
        }
        catch (ProgramNotFoundException)
        {
            return found;
        }
    }

    private static async Task<string?> VersionAsync(string path, Dictionary<string, string> environment, CancellationToken cancellation)
    {
        string? first = null;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(VersionTime);
        try
        {
            var spec = new ProcessSpec { FileName = path, Arguments = ["--version"], WorkingDirectory = "/", Environment = environment, OnLine = line => first ??= line.Trim(), OnErrorLine = _ => { } };
            var exit = await ProcessGroup.RunAsync(spec, limit.Token);
            return exit.Code == 0 && first is { Length: > 0 } ? first[..Math.Min(first.Length, 100)] : null;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return null;
        }
    }
}
