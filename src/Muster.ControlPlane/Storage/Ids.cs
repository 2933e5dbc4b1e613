namespace Muster.ControlPlane.Storage;

/// <summary>Row ids: UUID version 7 as text, ordered by time.</summary>
public static class Ids
{
    public static string New() => Guid.CreateVersion7().ToString("D");

    public static bool IsId(string text) => text.Length == 36 && Guid.TryParseExact(text, "D", out _);
}

/// <summary>Between the store's milliseconds and the wire's times.</summary>
public static class Times
{
    public static DateTimeOffset At(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    public static DateTimeOffset? At(long? milliseconds) => milliseconds is { } ms ? At(ms) : null;
}
