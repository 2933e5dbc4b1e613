namespace Muster.Dashboard.Hosting;

/// <summary>An entry of the navigation. A page that is not there yet is not in it.</summary>
internal sealed record Place(string Name, string Path, string Icon, string Key);

internal static class Navigation
{
    /// <summary>What is looked at through the day.</summary>
    public static IReadOnlyList<Place> Daily { get; } =
    [
        new("Today", "/", "today", "t"),
        new("Reviews", "/reviews", "review", "r"),
    ];

    /// <summary>What is looked at now and then.</summary>
    public static IReadOnlyList<Place> Rest { get; } = [];

    public static bool Holds(this Place place, string path) => place.Path == "/" ? path == "/" : path == place.Path || path.StartsWith(place.Path + "/", StringComparison.Ordinal);
}
