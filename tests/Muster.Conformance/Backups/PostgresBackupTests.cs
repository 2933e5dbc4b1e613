using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Client;
using Muster.Conformance.Planes;
using Muster.Conformance.Servers;
using Muster.Contracts;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;
using Muster.ControlPlane.Backups;
using Muster.ControlPlane.Storage;
using Muster.Integrations.Git;
using Muster.Integrations.Postgres;
using Muster.Integrations.S3;

namespace Muster.Conformance.Backups;

/// <summary>A plane on a real PostgreSQL is saved while it works, to a folder and to a bucket, and brought back into a clean place.</summary>
[Trait("req", "B11")]
public sealed class PostgresBackupTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ScratchFolder _folder = new();
    private readonly ConcurrentQueue<string> _done = new();

    [Theory]
    [InlineData("folder")]
    [InlineData("bucket")]
    public async Task What_was_answered_before_it_is_in_it_and_old_leases_and_tokens_are_void(string where)
    {
        await using var bucket = where == "bucket" ? await FakeBucket.StartAsync() : null;
        using var s3 = bucket is null ? null : new S3Place(bucket.Address, FakeBucket.Keys, TimeProvider.System);
        IBackupPlace place = s3 is null ? new FolderPlace(_folder.File("place")) : s3;
        var address = PostgresAddress.Parse(await SharedPostgres.DatabaseAsync());
        var (manifest, held, token, acknowledged) = await SaveAtWorkAsync(address, place);

        Assert.Equal("postgres", manifest.Engine);
        Assert.Empty((await VerifyBackup.PartsAsync(place, manifest, default)).Faults);
        if (bucket is not null) Assert.True(bucket.Objects.Count > manifest.Parts().Count() - 1);
        var clean = PostgresAddress.Parse(await SharedPostgres.DatabaseAsync());
        await using var rows = new PostgresRows(clean);
        var folder = Directory.CreateDirectory(_folder.File("clean")).FullName;
        await new RestoreBackup(rows, Copies(folder), folder).RunAsync(place, manifest, _ => { }, default);
        Assert.Empty(await VerifyBackup.StoreAsync(rows, Copies(folder), manifest, default));
        await using (var filled = await PostgresStore.OpenAsync(clean, TimeProvider.System, NullLogger.Instance, filling: true))
        {
            await filled.WriteAsync(tx =>
            {
                Unfinished.End(tx);
                NewIncarnation.Begin(tx, "a test", voidTokens: false);
            });
        }

        await using var plane = await StartAsync(clean, "clean");
        var titles = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var task in MusterClient.EnumerateAsync(cursor => plane.Client.ListTasksAsync(status: TaskState.Done, cursor: cursor, limit: 500))) titles.Add(task.Title);
        Assert.Empty(acknowledged.Except(titles));
        var late = await Assert.ThrowsAnyAsync<MusterException>(() => plane.Client.CompleteAssignmentAsync(held.Assignment.Id, new CompleteAssignment(), new CallOptions { Lease = held.Lease }));
        Assert.Equal(ProblemCodes.LeaseLost, late.Code);
        using var zombie = plane.Sdk(token);
        Assert.Equal(ProblemCodes.Unauthenticated, (await Assert.ThrowsAsync<MusterException>(() => zombie.WhoAmIAsync())).Code);
        Assert.Equal(TaskState.Pending, (await plane.Client.GetTaskAsync(held.Task.Id)).Status);
        await using var snapshot = await rows.OpenSnapshotAsync(default);
        Assert.Empty(await StoreCheck.RunAsync(snapshot));
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>The plane shares its state in the same database, which is of the moment and must not be in the way.</summary>
    private async Task<(BackupManifest Manifest, ClaimedTask Held, string Token, List<string> Acknowledged)> SaveAtWorkAsync(PostgresAddress address, IBackupPlace place)
    {
        await using var plane = await StartAsync(address, "first");
        await plane.Client.CreateProjectAsync(new CreateProject { Key = "FLT", Name = "Fleet", Contract = "" });
        await plane.Client.CreateTaskAsync(new CreateTask { Project = "FLT", Title = "held" });
        await plane.Client.HeartbeatAsync(new HeartbeatRequest { Agent = "zombie", Capacity = 10 });
        var held = Assert.Single((await plane.Client.ClaimTasksAsync(new ClaimRequest { Agent = "zombie", WaitSeconds = 10 })).Tasks);
        var token = (await plane.Client.CreateAgentTokenAsync("zombie")).Secret;
        using var stop = new CancellationTokenSource();
        var load = Task.Run(() => WorkAsync(plane, stop.Token));
        await Until.HoldsAsync(() => _done.Count > 50, Patience, () => $"{_done.Count} done");
        var acknowledged = _done.ToList();
        await using var rows = new PostgresRows(address);
        var made = await new TakeBackup(rows, Copies(_folder.File("first")), _folder.File("first"), TimeProvider.System).RunAsync(place, default);
        // It goes on while it is saved, and after.
        var then = _done.Count;
        await Until.HoldsAsync(() => _done.Count > then + 10, Patience, () => $"{_done.Count - then} since");
        await stop.CancelAsync();
        await load;
        return (made.Manifest, held, token, acknowledged);
    }

    private async Task WorkAsync(TestPlane plane, CancellationToken stop)
    {
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            await plane.Client.HeartbeatAsync(new HeartbeatRequest { Agent = "ada", Capacity = 100 }, ct: CancellationToken.None);
            await plane.Client.CreateTaskAsync(new CreateTask { Project = "FLT", Title = $"task {i}" }, ct: CancellationToken.None);
            foreach (var claimed in (await plane.Client.ClaimTasksAsync(new ClaimRequest { Agent = "ada" }, ct: CancellationToken.None)).Tasks)
            {
                await plane.Client.CompleteAssignmentAsync(claimed.Assignment.Id, new CompleteAssignment(), new CallOptions { Lease = claimed.Lease }, CancellationToken.None);
                _done.Enqueue(claimed.Task.Title);
            }
        }
    }

    private async Task<TestPlane> StartAsync(PostgresAddress address, string name)
    {
        var store = await PostgresStore.OpenAsync(address, TimeProvider.System, NullLogger.Instance);
        return await TestPlane.StartAsync(Directory.CreateDirectory(_folder.File(name)).FullName, _ => store, services => services.AddPostgresState(address));
    }

    private static GitCopies Copies(string folder) => new(new GitOptions { Folder = Path.Combine(folder, "projects") });
}
