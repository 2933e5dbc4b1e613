using System.Collections.Concurrent;
using System.Text;
using Muster.Client;
using Muster.Contracts.Delivery;
using Muster.Runner.Checks;
using Muster.Runner.Deployments;
using Muster.Runner.Git;

namespace Muster.Runner.Jobs;

/// <summary>Claims checks and deployments, carries out as many at once as the host has slots for, and reports them.</summary>
internal sealed class JobLoop(HostOptions options, MusterClient muster, CheckRunner checks, Deployer deployer, JobBook book, Action<string> notice) : IDisposable
{
    private const int WaitSeconds = 20;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _slots = new(options.JobSlots, options.JobSlots);
    private readonly ConcurrentDictionary<string, JobRun> _running = new(StringComparer.Ordinal);

    /// <summary>Jobs in hand; the heartbeat renews their leases.</summary>
    public IReadOnlyList<JobRun> Running => [.. _running.Values];

    /// <summary>Until cancelled, and all jobs in hand are ended.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var tasks = new ConcurrentDictionary<Task, bool>();
        try
        {
            foreach (var left in book.Leftovers()) await HandBackAsync(left.JobId, left.Lease, $"Host {options.Name} was killed.");
            book.Clear();
            while (true)
            {
                foreach (var job in await ClaimAsync(cancellation))
                {
                    var task = RunJobAsync(job, cancellation);
                    tasks[task] = true;
                    _ = task.ContinueWith(done => tasks.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            await Task.WhenAll(tasks.Keys);
        }
    }

    public void Dispose() => _slots.Dispose();

    private async Task<IReadOnlyList<ClaimedJob>> ClaimAsync(CancellationToken cancellation)
    {
        await _slots.WaitAsync(cancellation);
        var free = 1;
        while (_slots.Wait(0, CancellationToken.None)) free++;
        IReadOnlyList<ClaimedJob> jobs = [];
        try
        {
            jobs = (await muster.ClaimJobsAsync(new JobClaimRequest { Host = options.Name, Max = free, WaitSeconds = WaitSeconds }, ct: cancellation)).Jobs;
            return jobs;
        }
        catch (Exception error) when (error is PlaneUnreachableException or MusterException)
        {
            // The heartbeat says it to people; here it is only waited out.
            await Task.Delay(RetryDelay * (0.5 + Random.Shared.NextDouble()), cancellation);
            return [];
        }
        finally
        {
            if (free > jobs.Count) _slots.Release(free - jobs.Count);
        }
    }

    private async Task RunJobAsync(ClaimedJob claimed, CancellationToken cancellation)
    {
        await Task.Yield();
        var run = new JobRun(claimed, options.Time);
        JobRun? former = null;
        _running.AddOrUpdate(claimed.Job.Id, run, (_, before) =>
        {
            former = before;
            return run;
        });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, run.Lost);
        try
        {
            // The plane gave the same job out anew (its definition changed, the store began a new life): folder and processes go by
            // the job, so whoever had it here before is out first.
            former?.Lose();
            if (former is not null) await former.Ended.WaitAsync(stop.Token);
            book.Add(claimed);
            var report = await CarryOutAsync(claimed, stop.Token);
            await ReportAsync(claimed, report, stop.Token);
        }
        catch (OperationCanceledException)
        {
            notice($"job {claimed.Job.Name} of {claimed.Job.Project} at {claimed.Job.Sha}: stopped, {(run.Lost.IsCancellationRequested ? "its lease is lost" : "the host stops")}");
            if (!run.Lost.IsCancellationRequested) await HandBackAsync(claimed.Job.Id, claimed.Lease, $"Host {options.Name} was stopped.");
        }
#pragma warning disable CA1031 // Whatever is wrong with one job is told, and its lease runs out; the others go on.
        catch (Exception error)
#pragma warning restore CA1031
        {
            notice($"job {claimed.Job.Name} of {claimed.Job.Project} at {claimed.Job.Sha}: {error.Message}");
        }
        finally
        {
            book.Remove(claimed.Job.Id);
            _running.TryRemove(KeyValuePair.Create(claimed.Job.Id, run));
            run.End();
            _slots.Release();
        }
    }

    // So that it is given out anew now rather than when the lease runs out, which it does in any case. No verdict, no try used up.
    private async Task HandBackAsync(string jobId, string lease, string why)
    {
        try
        {
            var report = new JobReport { Outcome = JobState.Waiting, Detail = why };
            await muster.ReportJobAsync(jobId, report, new CallOptions { Lease = lease, MaxRetries = 0, Timeout = TimeSpan.FromSeconds(3) });
        }
        catch (Exception error) when (error is PlaneUnreachableException or MusterException)
        {
            notice($"job {jobId} could not be handed back: {error.Message}");
        }
    }

    private async Task<JobReport> CarryOutAsync(ClaimedJob claimed, CancellationToken cancellation)
    {
        var job = claimed.Job;
        var remote = new GitRemote(new Uri(muster.Options.Server, claimed.GitPath).AbsoluteUri, claimed.Lease);
        try
        {
            if (job is { Kind: JobKinds.Check, Check: { } check })
            {
                var result = await checks.RunAsync(new CheckRequest { JobId = job.Id, ProjectId = job.ProjectId, Sha = job.Sha, Check = check, Remote = remote }, cancellation);
                var artifact = await StoreAsync(claimed, $"check-{check.Name}.log", result.Output, cancellation);
                return new JobReport { Outcome = result.Outcome, ExitCode = result.ExitCode, Detail = result.Detail, OutputArtifactId = artifact };
            }

            if (job is { Kind: JobKinds.Deploy, Deploy: { } definition })
            {
                var result = await deployer.DeployAsync(new DeployRequest { ProjectId = job.ProjectId, Sha = job.Sha, Definition = definition, Remote = remote }, cancellation);
                var artifact = await StoreAsync(claimed, $"deploy-{definition.Environment}.log", result.Output, cancellation);
                return new JobReport
                {
                    Outcome = result.Outcome,
                    Detail = result.Detail,
                    Url = result.Url,
                    HealthStatus = result.Health?.Status,
                    HealthBody = result.Health?.Body,
                    OutputArtifactId = artifact,
                };
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or GitException)
        {
            return new JobReport { Outcome = JobState.Error, Detail = $"Host {options.Name} could not carry it out: {error.Message}" };
        }

        return new JobReport { Outcome = JobState.Error, Detail = $"Host {options.Name} does not know jobs of kind '{job.Kind}'. Is it older than the plane?" };
    }

    // The verdict counts without its log; a plane that takes no artifact must not stop a merge.
    private async Task<string?> StoreAsync(ClaimedJob claimed, string name, string output, CancellationToken cancellation)
    {
        if (output.Length == 0) return null;
        try
        {
            using var content = new MemoryStream(Encoding.UTF8.GetBytes(output));
            var artifact = await muster.CreateArtifactAsync(name, content, claimed.Job.TaskId, "text/plain; charset=utf-8", CallOptions.ForLease(claimed.Lease), cancellation);
            return artifact.Id;
        }
        catch (Exception error) when (error is PlaneUnreachableException or MusterException and not LeaseLostException)
        {
            notice($"the output of {name} could not be stored: {error.Message}");
            return null;
        }
    }

    private async Task ReportAsync(ClaimedJob claimed, JobReport report, CancellationToken cancellation)
    {
        // One key for all tries: the verdict counts once.
        var call = new CallOptions { Lease = claimed.Lease, IdempotencyKey = $"{claimed.Job.Id}:{claimed.Job.Attempts}:report" };
        while (true)
        {
            try
            {
                await muster.ReportJobAsync(claimed.Job.Id, report, call, cancellation);
                return;
            }
            catch (Exception error) when (error is PlaneUnreachableException or MusterException { IsTransient: true })
            {
                await Task.Delay(RetryDelay * (0.5 + Random.Shared.NextDouble()), cancellation);
            }
        }
    }
}
