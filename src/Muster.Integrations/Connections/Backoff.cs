namespace Muster.Integrations.Connections;

/// <summary>
/// Pauses between tries to connect: from 50 ms, doubled, at most 2 s, each drawn between half and whole, so that many
/// planes do not come back at the same instant. Short, because a server that returns is to be found within seconds.
/// </summary>
internal static class Backoff
{
    private const double First = 50;
    private const double Most = 2000;

    /// <summary>A connection that lasted this long was one. A server that lets in and hangs up at once is not run against without a pause.</summary>
    private static readonly TimeSpan Steady = TimeSpan.FromSeconds(5);

    public static TimeSpan Pause(int failures) =>
        TimeSpan.FromMilliseconds(Math.Min(Most, First * Math.Pow(2, Math.Min(failures, 10))) * (0.5 + Random.Shared.NextDouble() / 2));

    /// <summary>Whether the next pause is the first again.</summary>
    /// <param name="opened">When the connection that has ended was opened; null where none was.</param>
    /// <param name="time">Whose time that is.</param>
    public static bool IsSteady(long? opened, TimeProvider time) => opened is { } at && time.GetElapsedTime(at) >= Steady;
}
