using System.Text.Json;
using System.Text.Json.Serialization;
using Muster.Commands;
using Muster.Contracts;
using Muster.ControlPlane;
using Muster.ControlPlane.Backups;
using Muster.ControlPlane.Conversations;
using Muster.ControlPlane.Delivery;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Tools;

namespace Muster.Hosting;

/// <summary>
/// <c>config.json</c> in the data folder: what an operator may set beyond the command line. Everything has a default, and
/// what is not known is refused, so that a misspelt setting is not a silent one.
/// </summary>
internal sealed record PlaneConfig
{
    private static readonly JsonSerializerOptions Strict = new(Wire.Json)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    /// <summary>Where the store is: <c>postgres://...</c>; the embedded one in the data folder when left out.</summary>
    public string? Store { get; init; }

    /// <summary>Folder that all planes of one store see: mirrors, artifacts, logs of attempts. The data folder when left out.</summary>
    public string? Shared { get; init; }

    /// <summary>Web origins that may call the API from a browser.</summary>
    public IReadOnlyList<string> CorsOrigins { get; init; } = [];

    /// <summary>Names, beside loopback and addresses, under which the plane answers.</summary>
    public IReadOnlyList<string> HostNames { get; init; } = [];

    /// <summary>NATS servers that carry messages between planes; in this process when left out.</summary>
    public string? Bus { get; init; }

    /// <summary>The Redis in which planes share counts, locks and how agents are; in this process when left out.</summary>
    public string? State { get; init; }

    /// <summary>Requests a second of one token that is neither an owner's nor a host's; 0 counts none.</summary>
    public int? RequestsPerSecond { get; init; }
    public long? ArtifactLimitBytes { get; init; }
    public int? EventDays { get; init; }
    public long? EventsKept { get; init; }
    public int? LogDays { get; init; }
    public int? FigureDays { get; init; }
    public bool? MetricsOnLoopback { get; init; }

    /// <summary>Read here only to be refused when misspelt; the plane binds the section itself.</summary>
    public DeliveryOptions? Delivery { get; init; }

    /// <summary>Read here only to be refused when misspelt, like the one before.</summary>
    public ChiefOptions? Chief { get; init; }

    /// <summary>Read here only to be refused when misspelt, like the ones before.</summary>
    public FleetOptions? Fleet { get; init; }

    /// <summary>Read here only to be refused when misspelt, like the ones before.</summary>
    public ToolOptions? Tools { get; init; }

    /// <summary>Backups that the plane makes by itself.</summary>
    public BackupOptions Backup { get; init; } = new();

    public const string FileName = "config.json";

    public static string PathIn(string folder) => Path.Combine(folder, FileName);

    /// <summary>Where roles lie, one's own before those shipped.</summary>
    public static IReadOnlyList<string> RoleFolders(string folder) => [Path.Combine(folder, "roles"), Path.Combine(AppContext.BaseDirectory, "fleet", "roles")];

    public static PlaneConfig Read(DataFolder data) => Read(data.Path);

    public static PlaneConfig Read(string folder)
    {
        var path = PathIn(folder);
        return File.Exists(path) ? Parse(File.ReadAllText(path), path) : new PlaneConfig();
    }

    /// <param name="text">What the file says.</param>
    /// <param name="path">What it is called where it cannot be read.</param>
    public static PlaneConfig Parse(string text, string path)
    {
        try
        {
            return JsonSerializer.Deserialize<PlaneConfig>(text, Strict) ?? new PlaneConfig();
        }
        catch (JsonException error)
        {
            throw new CommandException($"{path} cannot be read: {error.Message}", "docs/configuration.md lists the settings.") { Code = ExitCodes.BadUsage };
        }
    }

    public ControlPlaneOptions ToOptions(DataFolder data, string url, string? shared)
    {
        var defaults = new ControlPlaneOptions { DataFolder = data.Path };
        return new ControlPlaneOptions
        {
            DataFolder = data.Path,
            SharedFolder = shared is null ? null : Path.GetFullPath(shared),
            Url = url,
            RoleFolders = shared is null ? RoleFolders(data.Path) : [.. RoleFolders(data.Path).Take(1), Path.Combine(Path.GetFullPath(shared), "roles"), .. RoleFolders(data.Path).Skip(1)],
            PriceFiles = [Path.Combine(data.Path, "prices.yaml"), Path.Combine(AppContext.BaseDirectory, "fleet", "prices.yaml")],
            CorsOrigins = CorsOrigins,
            HostNames = HostNames,
            ArtifactLimitBytes = ArtifactLimitBytes ?? defaults.ArtifactLimitBytes,
            RequestsPerSecond = RequestsPerSecond ?? defaults.RequestsPerSecond,
            EventDays = EventDays ?? defaults.EventDays,
            EventsKept = EventsKept ?? defaults.EventsKept,
            LogDays = LogDays ?? defaults.LogDays,
            FigureDays = FigureDays ?? defaults.FigureDays,
            MetricsOnLoopback = MetricsOnLoopback ?? defaults.MetricsOnLoopback,
        };
    }
}
