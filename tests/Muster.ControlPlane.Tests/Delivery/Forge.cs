using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.Contracts.Events;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery;
using Muster.ControlPlane.Delivery.Jobs;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Tests.Delivery;

/// <summary>A real plane with delivery, a person's repository, agents that really push, and a host whose answers the test writes.</summary>
internal sealed class Forge : IAsyncDisposable
{
    public const string Rules =
        """
        checks:
          - name: test
            command: sh test.sh
        deploy:
          dev:
            target: process
            command: ./run --port $PORT
            health: /health
        """;

    private readonly List<EventRow> _events = [];
    private TaskCompletionSource _moved = New();
    private Task _host = Task.CompletedTask;

    private Forge(string folder) => Folder = folder;

    public string Folder { get; }
    public string Origin => Path.Combine(Folder, "origin");
    public string Data => Path.Combine(Folder, "data");
    public TestPlane Plane { get; private set; } = null!;
    public string ProjectId { get; private set; } = "";
    public string Mirror => Path.Combine(Data, "projects", ProjectId, "repo.git");

    /// <summary>What the host answers to a job; passes everything until the test says otherwise.</summary>
    public Func<ClaimedJob, Task<JobReport?>> Answer { get; set; } = _ => Task.FromResult<JobReport?>(new JobReport { Outcome = JobState.Passed, ExitCode = 0 });

    public static async Task<Forge> StartAsync(
        string? rules = Rules, Func<CreateProject, CreateProject>? project = null, bool host = true, Action<DeliveryOptions>? options = null)
    {
        var forge = new Forge(Directory.CreateTempSubdirectory("muster-forge-").FullName);
        Directory.CreateDirectory(forge.Origin);
        Directory.CreateDirectory(forge.Data);
        await GitShell.RunAsync(forge.Origin, "init", "-q", "-b", "main");
        await File.WriteAllTextAsync(Path.Combine(forge.Origin, "readme.md"), "hello\n");
        if (rules is not null) await File.WriteAllTextAsync(Path.Combine(forge.Origin, "muster.yaml"), rules);
        await GitShell.RunAsync(forge.Origin, "add", "-A");
        await GitShell.RunAsync(forge.Origin, "commit", "-q", "-m", "Start");
        await forge.OpenAsync(s => s.Configure<DeliveryOptions>(o => options?.Invoke(o)));
        var create = new CreateProject { Name = "Fleet", Key = "FLT", Repository = forge.Origin };
        forge.ProjectId = (await forge.Plane.PostAsync<ProjectInfo>(Routes.Projects, project?.Invoke(create) ?? create)).Id;
        if (host) await forge.HostAsync();
        return forge;
    }

    /// <summary>Starts the plane on the data there is; used again after a stop.</summary>
    public async Task OpenAsync(Action<IServiceCollection>? configure = null)
    {
        Plane = await TestPlane.StartAsync(Data, services =>
        {
            services.Configure<DeliveryOptions>(o => o.JobRetryDelay = TimeSpan.Zero);
            configure?.Invoke(services);
        }, new ControlPlaneOptions { DataFolder = Data, RoleFolders = [Path.Combine(Data, "roles"), Path.Combine(Repository.Root, "fleet", "roles")] });
        Plane.Store.Listen(committed =>
        {
            lock (_events) _events.AddRange(committed.Events);
            Interlocked.Exchange(ref _moved, New()).TrySetResult();
        });
    }

    public async Task HostAsync()
    {
        await Plane.PostAsync<HostHeartbeatAnswer>(Routes.HostHeartbeat, new HostHeartbeatRequest { Host = "host-1", Cores = 2, Capacity = 4 });
        _host = Task.Run(WorkAsync);
    }

    public async Task<ClaimedTask> ClaimAsync(string agent, string title = "Add the thing", string? contract = null, bool needsApproval = false, string? description = null)
    {
        await Plane.BeatAsync(agent);
        await Plane.TaskAsync(new CreateTask { Project = "FLT", Title = title, Contract = contract, NeedsApproval = needsApproval, Description = description });
        return Assert.Single(await Plane.ClaimAsync(agent));
    }

    public string Remote(ClaimedTask task) => new Uri(Plane.Address, task.Git!.Path).ToString();

    /// <summary>A clone at the target, made with the lease.</summary>
    public async Task<string> CloneAsync(ClaimedTask task)
    {
        var folder = Path.Combine(Folder, "work-" + Guid.NewGuid().ToString("N")[..8]);
        await GitShell.RunAsync(Folder, task.Lease, ["clone", "-q", Remote(task), folder]);
        return folder;
    }

    /// <summary>Does a piece of work as an agent does: clone, edit, commit, push. Answers the commit.</summary>
    public async Task<string> WorkAsync(ClaimedTask task, string file, string content)
    {
        var folder = await CloneAsync(task);
        return await CommitAndPushAsync(task, folder, file, content);
    }

    public static async Task<string> CommitAsync(string folder, string file, string content)
    {
        var path = Path.Combine(folder, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllTextAsync(path, content);
        await GitShell.RunAsync(folder, "add", "-A");
        await GitShell.RunAsync(folder, "commit", "-q", "-m", "Work");
        return await GitShell.RunAsync(folder, "rev-parse", "HEAD");
    }

    public async Task<string> CommitAndPushAsync(ClaimedTask task, string folder, string file, string content)
    {
        var head = await CommitAsync(folder, file, content);
        await GitShell.RunAsync(folder, task.Lease, ["push", "-q", "--force", Remote(task), $"HEAD:refs/heads/{task.Git!.Branch}"]);
        return head;
    }

    public Task<AssignmentInfo> CompleteAsync(ClaimedTask task, string? head, params EvidenceClaim[] evidence) => Plane.PostAsync<AssignmentInfo>(
        Routes.With(Routes.AssignmentComplete, task.Assignment.Id), new CompleteAssignment { HeadSha = head, Summary = "did it", Evidence = evidence }, task.Lease);

    /// <summary>Work and hand-in in one.</summary>
    public async Task<string> HandInAsync(ClaimedTask task, string file, string content)
    {
        var head = await WorkAsync(task, file, content);
        await CompleteAsync(task, head);
        return head;
    }

    public Task<string> MirrorAsync(params string[] arguments) => GitShell.RunAsync(Mirror, arguments);

    public Task<string> TargetAsync() => MirrorAsync("rev-parse", "refs/heads/main");

    /// <summary>What the plane does when a host's leases run out.</summary>
    public async Task ForgetRunningJobsAsync()
    {
        var report = Plane.Services.GetRequiredService<ReportJob>();
        foreach (var job in (await Plane.GetAsync<Page<JobInfo>>(Routes.Jobs + "?state=running")).Items)
            await Plane.Store.WriteAsync(tx => report.Expire(tx, job.Id, job.Attempts));
    }

    public Task<PullInfo> PullAsync(string id) => Plane.GetAsync<PullInfo>(Routes.With(Routes.Pull, id));

    public Task<PullInfo> ReviewAsync(PullInfo pull, string verdict, string? body = null, string? head = null) => Plane.PostAsync<PullInfo>(
        Routes.With(Routes.PullReviews, pull.Id), new CreateReview { Verdict = verdict, HeadSha = head ?? pull.HeadSha, Body = body });

    /// <summary>Looks again after every commit of the store until it holds; fails with what was there after 30 s.</summary>
    public async Task<T> UntilAsync<T>(Func<Task<T>> read, Func<T, bool> holds)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            var moved = Volatile.Read(ref _moved).Task;
            var value = await read();
            if (holds(value)) return value;
            try
            {
                await moved.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"It did not come about: {JsonSerializer.Serialize(value, Wire.Json)}\n{string.Join('\n', Events().TakeLast(15).Select(e => e.Type + ": " + e.Text))}");
            }
        }
    }

    public Task<TaskInfo> UntilStatusAsync(string task, params string[] states) => UntilAsync(() => Plane.ReadTaskAsync(task), t => states.Contains(t.Status));

    public Task<EventRow> UntilEventAsync(string type, Func<EventRow, bool>? which = null) =>
        UntilAsync(() => Task.FromResult(Events().FirstOrDefault(e => e.Type == type && (which is null || which(e)))), e => e is not null)!;

    public IReadOnlyList<EventRow> Events()
    {
        lock (_events) return [.. _events];
    }

    public async Task StopAsync()
    {
        await Plane.DisposeAsync();
        await _host;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>The host: claims, asks the test what to answer, reports. No answer leaves the job as it is.</summary>
    private async Task WorkAsync()
    {
        var plane = Plane;
        while (true)
        {
            JobClaimAnswer claimed;
            try
            {
                claimed = await plane.PostAsync<JobClaimAnswer>(Routes.JobsClaim, new JobClaimRequest { Host = "host-1", Max = 4, WaitSeconds = 30 });
            }
            catch (Exception error) when (error is HttpRequestException or ObjectDisposedException or OperationCanceledException)
            {
                return;
            }

            foreach (var job in claimed.Jobs)
                if (await Answer(job) is { } report)
                    await plane.RawAsync(HttpMethod.Post, Routes.With(Routes.JobReport, job.Job.Id), report, job.Lease);
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
