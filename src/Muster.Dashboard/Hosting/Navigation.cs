namespace Muster.Dashboard.Hosting;

/// <summary>An entry of the navigation. A page that is not there yet is not in it.</summary>
internal sealed record Place(string Name, string Path, string Icon, string Key);

internal static class Navigation
{
    /// <summary>What is looked at through the day.</summary>
    public static IReadOnlyList<Place> Daily { get; } =
    [
        new("Today", "/", "today", "t"),
        new("Board", "/board", "board", "b"),
        new("Plan", "/plan", "plan", "p"),
        new("Reviews", "/reviews", "review", "r"),
        new("Agents", "/agents", "agents", "a"),
        new("Chat", "/chat", "comment", "h"),
    ];

    /// <summary>What is looked at now and then.</summary>
    public static IReadOnlyList<Place> Rest { get; } =
    [
        new("Costs", "/costs", "costs", "c"),
        new("Activity", "/activity", "activity", "v"),
        new("Tools", "/tools", "tool", "o"),
        new("Health", "/engine", "health", "e"),
        new("Settings", "/settings", "settings", "s"),
    ];

    public static bool Holds(this Place place, string path) => place.Path == "/" ? path == "/" : path == place.Path || path.StartsWith(place.Path + "/", StringComparison.Ordinal);
}
