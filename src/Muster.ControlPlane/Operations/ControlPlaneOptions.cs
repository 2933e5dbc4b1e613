namespace Muster.ControlPlane;

/// <summary>Settings of the plane.</summary>
public sealed class ControlPlaneOptions
{
    /// <summary>Folder of everything the plane keeps: store, mirrors, artifacts, logs.</summary>
    public required string DataFolder { get; init; }

    /// <summary>Folder that all planes of one store see, for what they must have in common: mirrors, artifacts, logs of attempts.</summary>
    public string? SharedFolder { get; init; }

    /// <summary>Where those lie.</summary>
    public string Common => SharedFolder ?? DataFolder;

    /// <summary>Where it listens. Loopback unless told otherwise.</summary>
    public string Url { get; init; } = "http://127.0.0.1:7717";

    /// <summary>Web origins that may call the API from a browser, exactly as the browser sends them. None by default.</summary>
    public IReadOnlyList<string> CorsOrigins { get; init; } = [];

    /// <summary>Host names, beside loopback, under which it may be called.</summary>
    public IReadOnlyList<string> HostNames { get; init; } = [];

    /// <summary>Folders of role definitions; the first that names a role wins.</summary>
    public IReadOnlyList<string> RoleFolders { get; init; } = [];

    /// <summary>Files that say what models cost, the one that comes first first; those that are not there are left out.</summary>
    public IReadOnlyList<string> PriceFiles { get; init; } = [];

    /// <summary>Requests a second that one token may make, neither an owner's nor a host's; five seconds' worth at once. 0 counts none.</summary>
    public int RequestsPerSecond { get; init; } = 2000;

    /// <summary>Bytes of the largest artifact.</summary>
    public long ArtifactLimitBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Days that events are kept, beside the newest <see cref="EventsKept"/>.</summary>
    public int EventDays { get; init; } = 90;

    /// <summary>Most events that are kept, whatever their age.</summary>
    public long EventsKept { get; init; } = 5_000_000;

    /// <summary>Days that progress snapshots and model usage are kept.</summary>
    public int FigureDays { get; init; } = 400;

    /// <summary>Days that logs of attempts, outputs of checks and updates and artifacts of settled tasks are kept.</summary>
    public int LogDays { get; init; } = 30;

    /// <summary>Whether programs on this machine read <c>/metrics</c> without a token. Behind a proxy on this machine everybody is on this machine.</summary>
    public bool MetricsOnLoopback { get; init; }

    /// <summary>Every fault at once, each with what to do.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        if (!Uri.TryCreate(Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
            faults.Add($"'{Url}' is no address to listen at; give one such as http://127.0.0.1:7717.");
        foreach (var origin in CorsOrigins)
            if (!Uri.TryCreate(origin, UriKind.Absolute, out var parsed) || parsed.GetLeftPart(UriPartial.Authority) != origin)
                faults.Add($"CORS origin '{origin}' is not scheme://host[:port]; a '*' is not accepted, name each origin.");
        if (RequestsPerSecond is < 0 or > 10_000_000) faults.Add("RequestsPerSecond is 0 (no limit) to 10000000.");
        if (EventDays < 1) faults.Add("EventDays is at least 1.");
        if (EventsKept < 1000) faults.Add("EventsKept is at least 1000.");
        if (LogDays < 1) faults.Add("LogDays is at least 1.");
        if (FigureDays < 1) faults.Add("FigureDays is at least 1.");
        return faults;
    }
}
