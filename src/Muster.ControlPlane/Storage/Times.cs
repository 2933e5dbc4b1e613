namespace Muster.ControlPlane.Storage;

/// <summary>Between the store's milliseconds and the wire's times.</summary>
public static class Times
{
    public static DateTimeOffset At(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    public static DateTimeOffset? At(long? milliseconds) => milliseconds is { } ms ? At(ms) : null;
}
