using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.Contracts.Fleet;
using Muster.Contracts.Security;
using Muster.Contracts.Tools;
using Muster.Contracts.Work;

namespace Muster.Runner.Tests.Supervision;

/// <summary>Speaks the wire that a host and its agents need, and says what a test wants said. The rules are the real plane's business.</summary>
internal sealed class StubPlane : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Channel<ClaimedTask> _tasks = Channel.CreateUnbounded<ClaimedTask>();
    private readonly Channel<ClaimedJob> _jobs = Channel.CreateUnbounded<ClaimedJob>();

    private StubPlane(WebApplication app) => _app = app;

    public Uri Server => new(_app.Urls.First());
    public ConcurrentDictionary<string, bool> LostLeases { get; } = new(StringComparer.Ordinal);
    public ConcurrentQueue<string> Calls { get; } = new();
    public ConcurrentQueue<HostHeartbeatRequest> HostBeats { get; } = new();
    public ConcurrentDictionary<string, string> Logs { get; } = new(StringComparer.Ordinal);
    public ConcurrentDictionary<string, string> Artifacts { get; } = new(StringComparer.Ordinal);
    public Channel<CompleteAssignment> Completed { get; } = Channel.CreateUnbounded<CompleteAssignment>();
    public Channel<FailAssignment> Failed { get; } = Channel.CreateUnbounded<FailAssignment>();
    public Channel<ReleaseAssignment> Released { get; } = Channel.CreateUnbounded<ReleaseAssignment>();
    public Channel<AssignmentProgress> Progress { get; } = Channel.CreateUnbounded<AssignmentProgress>();
    public Channel<JobReport> Reports { get; } = Channel.CreateUnbounded<JobReport>();
    public IReadOnlyList<AgentInfo> Agents { get; set; } = [];

    public static async Task<StubPlane> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        var plane = new StubPlane(app);
        plane.Map();
        await app.StartAsync();
        return plane;
    }

    public static async Task<T> NextAsync<T>(Channel<T> channel)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        return await channel.Reader.ReadAsync(limit.Token);
    }

    public void Offer(ClaimedTask task) => _tasks.Writer.TryWrite(task);

    public void Offer(ClaimedJob job) => _jobs.Writer.TryWrite(job);

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private void Map()
    {
        _app.MapPost(Routes.AgentHeartbeat, (HeartbeatRequest beat) => Json(new HeartbeatAnswer
        {
            AgentId = beat.Agent,
            Agent = beat.Agent,
            Leases = [.. (beat.Leases ?? []).Select(lease => new LeaseAnswer { Current = !LostLeases.ContainsKey(lease) })],
            Commands = [],
            Desired = DesiredState.Running,
            NextSeconds = 0.1,
        }));
        _app.MapPost(Routes.Claims, async (ClaimRequest claim, HttpContext http) =>
            Json(new ClaimAnswer { Tasks = await TakeAsync(_tasks, claim.WaitSeconds, http.RequestAborted) }));
        _app.MapMethods(Routes.AssignmentProgress, ["PATCH"], (string id, AssignmentProgress body, HttpContext http) => Take(http, Progress, body));
        _app.MapPost(Routes.AssignmentComplete, (string id, CompleteAssignment body, HttpContext http) => Take(http, Completed, body));
        _app.MapPost(Routes.AssignmentFail, (string id, FailAssignment body, HttpContext http) => Take(http, Failed, body));
        _app.MapPost(Routes.AssignmentRelease, (string id, ReleaseAssignment body, HttpContext http) => Take(http, Released, body));
        _app.MapPost(Routes.AssignmentLog, (string id, AppendLog body) =>
        {
            var log = Logs.AddOrUpdate(id, body.Text, (_, text) => text.Length == body.Offset ? text + body.Text : text);
            return Json(new LogText { Text = "", Next = log.Length, Truncated = false });
        });
        _app.MapPost(Routes.AgentToken, (string id) => Json(new TokenCreated
        {
            Secret = "mst_agent",
            Token = new TokenInfo { Id = "t", Name = id, Scope = Scopes.Agent, CreatedAt = DateTimeOffset.UnixEpoch },
        }));
        _app.MapPost(Routes.HostHeartbeat, (HostHeartbeatRequest beat) =>
        {
            HostBeats.Enqueue(beat);
            return Json(new HostHeartbeatAnswer
            {
                HostId = "h",
                Agents = Agents,
                Deployments = [],
                Jobs = [.. (beat.Jobs ?? []).Select(lease => !LostLeases.ContainsKey(lease))],
                NextSeconds = 0.1,
            });
        });
        _app.MapPost(Routes.JobsClaim, async (JobClaimRequest claim, HttpContext http) =>
            Json(new JobClaimAnswer { Jobs = await TakeAsync(_jobs, claim.WaitSeconds, http.RequestAborted) }));
        _app.MapPost(Routes.JobReport, (string id, JobReport body) =>
        {
            Reports.Writer.TryWrite(body);
            return Json(Job(id));
        });
        _app.MapPost(Routes.Artifacts, async (string name, HttpContext http) =>
        {
            using var reader = new StreamReader(http.Request.Body);
            Artifacts[name] = await reader.ReadToEndAsync();
            return Json(new ArtifactInfo { Id = "artifact-1", Name = name, Size = 1, Sha256 = "", ContentType = "text/plain", CreatedAt = DateTimeOffset.UnixEpoch });
        });
    }

    public static JobInfo Job(string id) => new()
    {
        Id = id,
        Kind = JobKinds.Check,
        State = JobState.Running,
        ProjectId = "project-1",
        Project = "P",
        Sha = new string('a', 40),
        Name = "test",
        Attempts = 1,
        CreatedAt = DateTimeOffset.UnixEpoch,
    };

    private IResult Take<T>(HttpContext http, Channel<T> channel, T body)
    {
        var lease = http.Request.Headers[Wire.LeaseHeader].ToString();
        Calls.Enqueue($"{http.Request.Method} {http.Request.Path}");
        if (LostLeases.ContainsKey(lease))
        {
            var problem = new Problem { Title = "lease lost", Status = 409, Code = ProblemCodes.LeaseLost };
            return Results.Json(problem, Wire.Json, "application/problem+json", 409);
        }

        channel.Writer.TryWrite(body);
        return Json(Executors.Attempts.Assignment(1));
    }

    private static async Task<IReadOnlyList<T>> TakeAsync<T>(Channel<T> channel, int waitSeconds, CancellationToken aborted)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        limit.CancelAfter(TimeSpan.FromSeconds(waitSeconds));
        try
        {
            return [await channel.Reader.ReadAsync(limit.Token)];
        }
        catch (OperationCanceledException)
        {
            return [];
        }
    }

    private static IResult Json<T>(T value) => Results.Text(JsonSerializer.Serialize(value, Wire.Json), "application/json");
}
