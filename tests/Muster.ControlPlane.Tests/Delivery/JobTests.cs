using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery.Jobs;

namespace Muster.ControlPlane.Tests.Delivery;

/// <summary>Jobs are leased as tasks are: taken back from a host that is silent, and a stale report changes nothing (A5, D4).</summary>
[Trait("req", "A5")]
public sealed class JobTests
{
    [Fact]
    public async Task A_job_goes_to_another_host_when_its_lease_runs_out_and_the_first_report_comes_too_late()
    {
        await using var forge = await Forge.StartAsync(host: false, options: o => o.JobLeaseSeconds = 2);
        var first = await HostAsync(forge, "one");
        await HostAsync(forge, "two");
        var task = await forge.ClaimAsync("ada");
        var waiting = ClaimAsync(forge, "one", 30);
        var head = await forge.HandInAsync(task, "a.txt", "one\n");
        var job = Assert.Single((await waiting).Jobs);
        Assert.Equal((head, 1, "one", "test"), (job.Job.Sha, job.Job.Attempts, job.Job.Host, job.Job.Check!.Evidence));

        // With its lease it reads the commit; renewed by the right host only.
        var folder = Directory.CreateDirectory(Path.Combine(forge.Folder, "job")).FullName;
        await GitShell.RunAsync(folder, "init", "-q");
        var url = new Uri(forge.Plane.Address, job.GitPath).ToString();
        await GitShell.RunAsync(folder, job.Lease, ["fetch", "-q", url, head]);
        Assert.NotEqual(0, (await GitShell.TryAsync(folder, job.Lease, "push", url, "FETCH_HEAD:refs/heads/x")).Code);
        var leases = forge.Plane.Services.GetRequiredService<JobLeases>();
        Assert.Equal([true, false], await leases.RenewAsync(first, [job.Lease, "mls_x"], default));
        Assert.Equal([false], await leases.RenewAsync("someone-else", [job.Lease], default));

        var again = Assert.Single((await ClaimAsync(forge, "two", 30)).Jobs);
        Assert.Equal((job.Job.Id, 2, "two"), (again.Job.Id, again.Job.Attempts, again.Job.Host));
        Assert.Equal([false], await leases.RenewAsync(first, [job.Lease], default));
        var late = await forge.Plane.RefusedAsync(HttpMethod.Post, Routes.With(Routes.JobReport, job.Job.Id), new JobReport { Outcome = JobState.Failed }, job.Lease);
        Assert.Equal(ProblemCodes.LeaseLost, late.Code);
        Assert.NotEqual(0, (await GitShell.TryAsync(folder, job.Lease, "fetch", url, head)).Code);

        for (var i = 0; i < 2; i++)
            Assert.Equal(JobState.Passed, (await forge.Plane.PostAsync<JobInfo>(Routes.With(Routes.JobReport, job.Job.Id), new JobReport { Outcome = JobState.Passed }, again.Lease)).State);
        await forge.UntilStatusAsync(task.Task.Key, TaskState.Done);
    }

    /// <summary>The lease is gone from memory by then: nobody else would take the job back.</summary>
    [Fact]
    public async Task A_job_is_taken_back_although_the_store_could_not_write_it_at_first()
    {
        Assert.SkipUnless(string.IsNullOrEmpty(Environment.GetEnvironmentVariable("MUSTER_TEST_STORE")), "A write is made to fail by a trigger as the embedded engine writes it.");
        await using var forge = await Forge.StartAsync(host: false, options: o => o.JobLeaseSeconds = 2);
        await HostAsync(forge, "one");
        await HostAsync(forge, "two");
        await forge.HandInAsync(await forge.ClaimAsync("ada"), "a.txt", "one\n");
        var job = Assert.Single((await ClaimAsync(forge, "one", 30)).Jobs);
        await using var beside = new SqliteConnection($"Data Source={Path.Combine(forge.Plane.Folder, "muster.db")};Pooling=False");
        await beside.ExecuteAsync("CREATE TRIGGER fails BEFORE UPDATE OF state ON jobs BEGIN SELECT RAISE(ABORT, 'no room'); END");
        while (forge.Plane.Services.GetRequiredService<JobLeases>().FirstExpiry() is not null) await Task.Delay(20);

        await beside.ExecuteAsync("DROP TRIGGER fails");
        var again = Assert.Single((await ClaimAsync(forge, "two", 30)).Jobs);
        Assert.Equal((job.Job.Id, 2, "two"), (again.Job.Id, again.Job.Attempts, again.Job.Host));
    }

    [Fact]
    public async Task A_job_handed_back_by_hosts_that_were_killed_never_uses_up_its_tries()
    {
        await using var forge = await Forge.StartAsync(host: false, options: o => (o.MaxJobAttempts, o.JobRetryDelay) = (2, TimeSpan.Zero));
        await HostAsync(forge, "one");
        var task = await forge.ClaimAsync("ada");
        await forge.HandInAsync(task, "a.txt", "one\n");
        for (var attempt = 1; attempt <= 5; attempt++)
        {
            var job = Assert.Single((await ClaimAsync(forge, "one", 30)).Jobs);
            Assert.Equal(attempt, job.Job.Attempts);
            // Twice, as after an answer that was lost.
            for (var i = 0; i < 2; i++)
                Assert.Equal(JobState.Waiting, (await forge.Plane.PostAsync<JobInfo>(Routes.With(Routes.JobReport, job.Job.Id), new JobReport { Outcome = JobState.Waiting, Detail = "killed" }, job.Lease)).State);
        }

        var last = Assert.Single((await ClaimAsync(forge, "one", 30)).Jobs);
        await forge.Plane.PostAsync<JobInfo>(Routes.With(Routes.JobReport, last.Job.Id), new JobReport { Outcome = JobState.Passed }, last.Lease);
        await forge.UntilStatusAsync(task.Task.Key, TaskState.Done);
    }

    private static async Task<string> HostAsync(Forge forge, string name) =>
        (await forge.Plane.PostAsync<HostHeartbeatAnswer>(Routes.HostHeartbeat, new HostHeartbeatRequest { Host = name, Cores = 1, Capacity = 1 })).HostId;

    private static Task<JobClaimAnswer> ClaimAsync(Forge forge, string host, int wait) =>
        forge.Plane.PostAsync<JobClaimAnswer>(Routes.JobsClaim, new JobClaimRequest { Host = host, Max = 1, WaitSeconds = wait });
}
