using System.Data;
using Dapper;
using Microsoft.Extensions.Options;
using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Delivery.Jobs;

/// <summary>Gives waiting jobs to a host, first come first served; waits for the first when asked to.</summary>
public sealed class ClaimJobs
{
    private const int MaxAtOnce = 100;
    private const int MaxWaitSeconds = 60;

    /// <summary>A deployment goes to the host that serves the environment, unless that one does not come for it.</summary>
    private const long PreferredHostMilliseconds = 60_000;

    private readonly Store _store;
    private readonly JobLeases _leases;
    private readonly TokenDirectory _tokens;
    private readonly TimeProvider _time;
    private readonly DeliveryOptions _options;
    private readonly CancellationToken _stopping;
    private readonly Pulse _waiting = new();

    public ClaimJobs(Store store, JobLeases leases, TokenDirectory tokens, TimeProvider time, IOptions<DeliveryOptions> options, IHostApplicationLifetime lifetime)
    {
        (_store, _leases, _tokens, _time, _options, _stopping) = (store, leases, tokens, time, options.Value, lifetime.ApplicationStopping);
        store.Listen(committed =>
        {
            if (committed.Signals.Any(s => s is JobMoved { State: not JobState.Running } or LookAgain)) _waiting.Beat();
        });
    }

    public async Task<JobClaimAnswer> RunAsync(JobClaimRequest request, Principal principal, Writes writes, CancellationToken ct)
    {
        new Checked()
            .Line(request.Host, "host", 200)
            .Require(request.Max is >= 1 and <= MaxAtOnce, "max", $"max is 1 to {MaxAtOnce}.")
            .Require(request.WaitSeconds is >= 0 and <= MaxWaitSeconds, "waitSeconds", $"waitSeconds is 0 to {MaxWaitSeconds}.")
            .ThrowIfWrong();
        var started = _time.GetTimestamp();
        var host = await _store.ReadAsync(c => HostAsync(c, request.Host, principal), ct);
        while (true)
        {
            var beat = _waiting.Next;
            var answer = await writes.RunAsync(request, tx => new JobClaimAnswer { Jobs = Take(tx, host, request.Max, _store.PlaneId).ConvertAll(Hand) }, ct, keep: a => a.Jobs.Count > 0);
            var left = TimeSpan.FromSeconds(request.WaitSeconds) - _time.GetElapsedTime(started);
            if (answer.Jobs.Count > 0 || left <= TimeSpan.Zero) return answer;
            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(ct, _stopping, _tokens.EndOf(principal.TokenId));
            try
            {
                await Pulse.WaitAsync(beat, left, _time, waiting.Token);
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                // The plane is stopping, or the token is revoked: an empty answer now is kinder than a cut connection.
                return answer;
            }
        }
    }

    /// <summary>Wakes the waiting hosts, for a job whose time has come.</summary>
    internal void Wake() => _waiting.Beat();

    private ClaimedJob Hand(JobRow job) => new()
    {
        Job = job.ToInfo(),
        Lease = _leases.Token(job),
        LeaseSeconds = _options.JobLeaseSeconds,
        GitPath = Routes.With(Routes.Git, job.ProjectId),
    };

    private static async Task<string> HostAsync(IDbConnection connection, string host, Principal principal)
    {
        var id = await connection.QueryFirstOrDefaultAsync<string>("SELECT id FROM hosts WHERE id = @host OR name = @host", new { host })
            ?? throw Refusal.NotFound("host", host);
        if (principal is { Scope: Contracts.Security.Scopes.Host, Subject: { } subject } && subject != id && subject != host)
            throw Refusal.Forbidden("This token belongs to another host.");
        return id;
    }

    private static List<JobRow> Take(StoreTransaction tx, string host, int max, string planeId)
    {
        var taken = new List<JobRow>();
        while (taken.Count < max && Next(tx, host) is { } id)
        {
            tx.ExecuteOne("UPDATE jobs SET state = 'running', host_id = @host, plane_id = @planeId, epoch = epoch + 1, not_before = NULL, started_at = @Now WHERE id = @id AND state = 'waiting'",
                new { host, planeId, tx.Now, id });
            var job = tx.QueryFirst<JobRow>(JobRow.Select + " WHERE j.id = @id", new { id })!;
            if (job.DeploymentId is not null)
                tx.ExecuteOne("UPDATE deployments SET state = 'deploying', host_id = @host WHERE id = @DeploymentId AND state IN ('waiting', 'deploying')", new { host, job.DeploymentId });
            JobOrders.AnnounceStart(tx, job);
            tx.Notify(new JobKept(job.Id, job.Epoch, host, planeId));
            tx.Notify(new JobMoved(job.Id, job.ProjectId, JobState.Running));
            taken.Add(job);
        }

        return taken;
    }

    /// <summary>The oldest job this host may take; of two deployments to one environment the second waits for the first.</summary>
    private static string? Next(StoreTransaction tx, string host) => tx.QueryFirst<string>(
        """
        SELECT j.id FROM jobs j
         WHERE j.state = 'waiting' AND (j.not_before IS NULL OR j.not_before <= @Now)
           AND (j.host_id IS NULL OR j.host_id = @host OR j.created_at <= @Now - @PreferredHostMilliseconds)
           AND NOT EXISTS (SELECT 1 FROM jobs r WHERE j.kind = 'deploy' AND r.kind = 'deploy' AND r.state = 'running' AND r.project_id = j.project_id AND r.name = j.name)
         ORDER BY j.id LIMIT 1
        """, new { tx.Now, host, PreferredHostMilliseconds });
}
