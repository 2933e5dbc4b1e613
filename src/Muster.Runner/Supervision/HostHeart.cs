using Muster.Client;
using Muster.Contracts.Fleet;
using Muster.Runner.Jobs;

namespace Muster.Runner.Supervision;

/// <summary>The host's heartbeat: renews the leases of its jobs, and gives up those that it could not renew.</summary>
internal sealed class HostHeart(HostOptions options, MusterClient muster, JobLoop jobs, Func<HostHeartbeatRequest> describe, Action<string> notice)
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(5);
    private int _failures;

    /// <summary>How long to wait before the next beat, unless something happens.</summary>
    public TimeSpan NextWait { get; private set; } = TimeSpan.FromSeconds(2);

    /// <summary>The first beat: waits for a plane that is not up yet, and throws when it refuses us.</summary>
    public async Task<HostHeartbeatAnswer> RegisterAsync(CancellationToken cancellation)
    {
        while (true)
        {
            if (await BeatAsync(cancellation, refusalsThrow: true) is { } answer) return answer;
            await Task.Delay(NextWait, options.Time, cancellation);
        }
    }

    /// <returns>Null when the plane did not answer.</returns>
    public async Task<HostHeartbeatAnswer?> BeatAsync(CancellationToken cancellation, bool refusalsThrow = false)
    {
        var running = jobs.Running;
        var sentAt = options.Time.GetTimestamp();
        try
        {
            var request = describe() with { Jobs = [.. running.Select(job => job.Claimed.Lease)] };
            var answer = await muster.HostHeartbeatAsync(request, new CallOptions { MaxRetries = 0, Timeout = CallTimeout }, cancellation);
            Apply(running, answer.Jobs, sentAt);
            if (_failures > 0) notice("the plane answers again");
            _failures = 0;
            NextWait = TimeSpan.FromSeconds(Math.Clamp(answer.NextSeconds, 0.1, 60));
            return answer;
        }
        catch (Exception error) when (error is PlaneUnreachableException || (error is MusterException refusal && (refusal.IsTransient || !refusalsThrow)))
        {
            if (_failures++ == 0) notice($"the heartbeat failed and is tried again: {error.Message}");
            NextWait = TimeSpan.FromSeconds(Math.Min(5, 0.2 * Math.Pow(2, _failures)) * (0.5 + (Random.Shared.NextDouble() / 2)));
            foreach (var job in running) job.LoseIfOld();
            return null;
        }
    }

    private static void Apply(IReadOnlyList<JobRun> asked, IReadOnlyList<bool> current, long sentAt)
    {
        for (var index = 0; index < Math.Min(asked.Count, current.Count); index++)
        {
            if (current[index]) asked[index].Renewed(sentAt);
            else asked[index].Lose();
        }
    }
}
