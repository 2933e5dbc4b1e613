namespace Muster.Dashboard.Board;

/// <summary>Priorities as people say them.</summary>
internal static class Priorities
{
    public const int Least = 5;

    public static string Name(int priority) => priority switch { 1 => "1 · Now", 2 => "2 · Soon", 3 => "3 · As it comes", 4 => "4 · Later", _ => "5 · Some day" };
}
