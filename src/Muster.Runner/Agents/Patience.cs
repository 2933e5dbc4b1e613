using System.Diagnostics;
using Muster.Client;
using Muster.Runner.Git;

namespace Muster.Runner.Agents;

/// <summary>What to do while the plane is away: what must happen is tried again, what is only nice to have is let go.</summary>
internal static class Patience
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RoomLimit = TimeSpan.FromMinutes(10);

    /// <summary>Tries a git operation again while the plane does not answer, until it does or the attempt is cancelled.</summary>
    public static async Task<T> RetryAsync<T>(Func<Task<T>> operation, Action<string> notice, CancellationToken cancellation)
    {
        for (var delay = TimeSpan.FromMilliseconds(200); ; delay = delay * 2 < Longest ? delay * 2 : Longest)
        {
            try
            {
                return await operation();
            }
            catch (GitException error) when (error.Failure is GitFailure.Unreachable)
            {
                notice($"The plane's git endpoint does not answer; trying again: {error.Message}");
            }

            await Task.Delay(delay * Random.Shared.NextDouble(), cancellation);
        }
    }

    /// <summary>Tries again while the disk is full: finished work is worth the time in which somebody makes room.</summary>
    public static async Task<T> WaitForRoomAsync<T>(Func<Task<T>> operation, Action<string> notice, CancellationToken cancellation)
    {
        var began = Stopwatch.GetTimestamp();
        for (var first = true; ; first = false)
        {
            try
            {
                return await operation();
            }
            catch (GitException error) when (error.Failure is GitFailure.DiskFull && Stopwatch.GetElapsedTime(began) < RoomLimit)
            {
                if (first) notice($"The disk is full; finished work waits up to {RoomLimit.TotalMinutes:0} minutes for room. {error.Message}");
            }

            await Task.Delay(Longest, cancellation);
        }
    }

    /// <summary>Reports something that work does not depend on.</summary>
    /// <exception cref="LeaseLostException">The lease is no longer current.</exception>
    public static async Task TolerateAsync(Func<Task> report, Action<string> notice)
    {
        try
        {
            await report();
        }
        catch (Exception error) when (error is PlaneUnreachableException or MusterException and not LeaseLostException)
        {
            notice($"A report did not reach the plane: {error.Message}");
        }
    }
}
