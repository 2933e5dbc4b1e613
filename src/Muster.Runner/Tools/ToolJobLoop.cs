using Muster.Client;
using Muster.Contracts;
using Muster.Contracts.Tools;
using Muster.Runner.Sandbox;

namespace Muster.Runner.Tools;

/// <summary>Runs tests of tools, and tools for callers that have no sandbox, one at a time, on a host whose sandbox works.</summary>
internal sealed class ToolJobLoop(HostOptions options, MusterClient muster, HostFolders folders, string marker, Action<string> notice)
{
    private const int WaitSeconds = 20;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan OldPlaneDelay = TimeSpan.FromMinutes(5);

    /// <summary>Until cancelled; at once where there is no sandbox, which is said.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            var sandbox = await CommandSandbox.DetectAsync(cancellation);
            if (!sandbox.Works)
            {
                notice($"tools are neither tested nor run on this host, because it has no sandbox: {sandbox.Statement}");
                return;
            }

            using var bench = new ToolBench(folders, sandbox, $"{marker}/tools");
            while (true)
            {
                if (await ClaimAsync(cancellation) is { } job) await CarryOutAsync(bench, job, cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // What was in hand is given to another host when its lease runs out.
        }
    }

    private async Task<ClaimedToolJob?> ClaimAsync(CancellationToken cancellation)
    {
        try
        {
            return (await muster.ClaimToolJobAsync(new ToolJobClaim { Host = options.Name, WaitSeconds = WaitSeconds }, ct: cancellation)).Job;
        }
        catch (Exception error) when (error is PlaneUnreachableException or MusterException)
        {
            // The heartbeat says it to people; here it is only waited out. A plane of before knows no such job.
            await Task.Delay(error is MusterException { StatusCode: 404 or 405 } ? OldPlaneDelay : RetryDelay * (0.5 + Random.Shared.NextDouble()), cancellation);
            return null;
        }
    }

    private async Task CarryOutAsync(ToolBench bench, ClaimedToolJob job, CancellationToken cancellation)
    {
        using var lease = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        lease.CancelAfter(TimeSpan.FromSeconds(job.LeaseSeconds));
        try
        {
            var report = await RunAsync(bench, job, lease.Token);
            await ReportAsync(job, report, lease.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            notice($"the tool {job.Tool} version {job.Version} was not done with when its lease ran out");
        }
#pragma warning disable CA1031 // Whatever is wrong with one tool, which an agent wrote, is told; the host and the next tool go on.
        catch (Exception error) when (error is not OperationCanceledException)
#pragma warning restore CA1031
        {
            notice($"the tool {job.Tool} version {job.Version} could not be done with: {error.Message}");
        }
    }

    private async Task<ToolJobReport> RunAsync(ToolBench bench, ClaimedToolJob job, CancellationToken cancellation)
    {
        var hash = ToolHash.Of(job.Package);
        try
        {
            if (job.Kind == ToolJobKinds.Test) return new ToolJobReport { Hash = hash, Results = await new ToolTests(bench).RunAsync(job.Package, job.Hash, cancellation) };
            if (job.Kind == ToolJobKinds.Run && job.Input is { } input)
            {
                var tool = await bench.PrepareAsync(job.Package, job.Hash, cancellation);
                return new ToolJobReport { Hash = hash, Outcome = await new ToolRunner(bench, isApproved: true).RunAsync(tool, input, workspace: null, cancellation) };
            }

            return new ToolJobReport { Hash = hash, Error = $"Host {options.Name} does not know jobs of kind '{job.Kind}'. Is it older than the plane?" };
        }
#pragma warning disable CA1031 // An agent wrote it: whatever it makes of the host's own code is the tool's fault, and is said as one.
        catch (Exception error) when (error is not OperationCanceledException)
#pragma warning restore CA1031
        {
            return new ToolJobReport { Hash = hash, Error = error.Message };
        }
    }

    private async Task ReportAsync(ClaimedToolJob job, ToolJobReport report, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await muster.ReportToolJobAsync(job.Id, report, CallOptions.ForLease(job.Lease), cancellation);
                return;
            }
            catch (Exception error) when (error is PlaneUnreachableException or MusterException { IsTransient: true })
            {
                await Task.Delay(RetryDelay * (0.5 + Random.Shared.NextDouble()), cancellation);
            }
        }
    }
}
