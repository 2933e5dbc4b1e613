namespace Muster.Integrations.Connections;

/// <summary>
/// Pauses between tries to connect: from 50 ms, doubled, at most 2 s, each drawn between half and whole, so that many
/// planes do not come back at the same instant. Short, because a server that returns is to be found within seconds.
/// </summary>
internal static class Backoff
{
    private const double First = 50;
    private const double Most = 2000;

    public static TimeSpan Pause(int failures) =>
        TimeSpan.FromMilliseconds(Math.Min(Most, First * Math.Pow(2, Math.Min(failures, 10))) * (0.5 + Random.Shared.NextDouble() / 2));
}
