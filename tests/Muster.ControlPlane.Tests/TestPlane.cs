using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Muster.Contracts;
using Muster.Contracts.Fleet;
using Muster.Contracts.Security;
using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;
using Muster.Integrations.Git;

namespace Muster.ControlPlane.Tests;

/// <summary>The real plane on a free loopback port, with a store in a temporary folder and a clock that tests may turn.</summary>
public sealed class TestPlane : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly bool _ownsFolder;

    private TestPlane(WebApplication app, string folder, bool ownsFolder, TestClock clock, string ownerToken)
    {
        (_app, Folder, _ownsFolder, Clock, OwnerToken) = (app, folder, ownsFolder, clock, ownerToken);
        Http = Client(ownerToken);
    }

    public string Folder { get; }
    public TestClock Clock { get; }
    public string OwnerToken { get; }
    public HttpClient Http { get; }
    public Store Store => _app.Services.GetRequiredService<Store>();
    public IServiceProvider Services => _app.Services;
    public Uri Address => new(_app.Urls.First());

    public static async Task<TestPlane> StartAsync(string? folder = null, Action<IServiceCollection>? configure = null, ControlPlaneOptions? options = null, Action<WebApplication>? map = null)
    {
        var owns = folder is null;
        folder ??= Directory.CreateTempSubdirectory("muster-test-").FullName;
        var clock = new TestClock();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var store = await TestStores.OpenAsync(folder, clock);
        builder.Services.AddControlPlane(options ?? new ControlPlaneOptions { DataFolder = folder, RoleFolders = [Path.Combine(Repository.Root, "fleet", "roles")] },
            _ => store);
        builder.Services.Replace(ServiceDescriptor.Singleton<TimeProvider>(clock));
        builder.Services.AddSingleton<IRepositories>(_ => new GitRepositories(new GitOptions { Folder = Path.Combine(folder, "projects") }));
        configure?.Invoke(builder.Services);
        var app = builder.Build();
        app.UseControlPlane();
        map?.Invoke(app);
        await app.StartAsync();
        var owner = await app.Services.GetRequiredService<TokenDirectory>().CreateAsync("owner", Scopes.Owner, null, null, default);
        return new TestPlane(app, folder, owns, clock, owner.Secret);
    }

    public HttpClient Client(string token)
    {
        var client = new HttpClient { BaseAddress = Address };
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return client;
    }

    public Task<T> GetAsync<T>(string path) => SendAsync<T>(HttpMethod.Get, path);

    public Task<T> PostAsync<T>(string path, object? body = null, string? lease = null, string? key = null) => SendAsync<T>(HttpMethod.Post, path, body, lease, key);

    public Task<T> PatchAsync<T>(string path, object body, string? lease = null) => SendAsync<T>(HttpMethod.Patch, path, body, lease);

    public async Task<T> SendAsync<T>(HttpMethod method, string path, object? body = null, string? lease = null, string? key = null)
    {
        using var response = await RawAsync(method, path, body, lease, key);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{method} {path}: {(int)response.StatusCode} {text}");
        return JsonSerializer.Deserialize<T>(text, Wire.Json)!;
    }

    /// <summary>Sends what must be refused; answers the problem.</summary>
    public async Task<Problem> RefusedAsync(HttpMethod method, string path, object? body = null, string? lease = null, string? key = null, HttpClient? client = null)
    {
        using var response = await RawAsync(method, path, body, lease, key, client);
        var text = await response.Content.ReadAsStringAsync();
        Assert.False(response.IsSuccessStatusCode, $"{method} {path} was not refused: {text}");
        Assert.True(response.Content.Headers.ContentType?.MediaType == "application/problem+json", $"{method} {path}: {(int)response.StatusCode} without a problem: {text}");
        return JsonSerializer.Deserialize<Problem>(text, Wire.Json)!;
    }

    public async Task<HttpResponseMessage> RawAsync(HttpMethod method, string path, object? body = null, string? lease = null, string? key = null, HttpClient? client = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is string raw) request.Content = new StringContent(raw, Encoding.UTF8, "application/json");
        else if (body is not null) request.Content = JsonContent.Create(body, body.GetType(), options: Wire.Json);
        if (lease is not null) request.Headers.Add(Wire.LeaseHeader, lease);
        if (key is not null) request.Headers.Add(Wire.IdempotencyHeader, key);
        return await (client ?? Http).SendAsync(request);
    }

    public Task<ProjectInfo> ProjectAsync(string key = "FLT", int? leaseSeconds = null, int? maxFailures = null, string? contract = null) =>
        PostAsync<ProjectInfo>(Routes.Projects, new CreateProject { Name = key, Key = key, LeaseSeconds = leaseSeconds, MaxFailures = maxFailures, Contract = contract });

    public Task<TaskInfo> TaskAsync(string title, string project = "FLT", params string[] dependsOn) =>
        PostAsync<TaskInfo>(Routes.Tasks, new CreateTask { Project = project, Title = title, DependsOn = dependsOn });

    public Task<TaskInfo> TaskAsync(CreateTask task) => PostAsync<TaskInfo>(Routes.Tasks, task);

    public Task<TaskInfo> ReadTaskAsync(string key) => GetAsync<TaskInfo>(Routes.With(Routes.Task, key));

    public Task<HeartbeatAnswer> BeatAsync(string agent, params string[] leases) =>
        PostAsync<HeartbeatAnswer>(Routes.AgentHeartbeat, new HeartbeatRequest { Agent = agent, Capacity = 1000, Leases = leases });

    public async Task<IReadOnlyList<ClaimedTask>> ClaimAsync(string agent, int max = 1, int waitSeconds = 0)
    {
        var answer = await PostAsync<ClaimAnswer>(Routes.Claims, new ClaimRequest { Agent = agent, Max = max, WaitSeconds = waitSeconds });
        return answer.Tasks;
    }

    public Task<AssignmentInfo> CompleteAsync(ClaimedTask task) =>
        PostAsync<AssignmentInfo>(Routes.With(Routes.AssignmentComplete, task.Assignment.Id), new CompleteAssignment { Summary = "done" }, task.Lease);

    public Task<AssignmentInfo> FailAsync(ClaimedTask task, string reason = "it broke") =>
        PostAsync<AssignmentInfo>(Routes.With(Routes.AssignmentFail, task.Assignment.Id), new FailAssignment { Reason = reason }, task.Lease);

    /// <summary>Lets time pass for leases and due times without waiting for it.</summary>
    public async Task PassAsync(TimeSpan time)
    {
        Clock.Advance(time);
        await Services.GetRequiredService<LeaseKeeper>().SweepAsync(default);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        if (_ownsFolder) Directory.Delete(Folder, recursive: true);
    }
}

/// <summary>The system's clock with an offset: timers run as always, what asks for the time sees what the test says.</summary>
public sealed class TestClock : TimeProvider
{
    private long _offset;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddTicks(Interlocked.Read(ref _offset));

    public override long GetTimestamp() => System.GetTimestamp() + (long)(Interlocked.Read(ref _offset) / (double)TimeSpan.TicksPerSecond * TimestampFrequency);

    public void Advance(TimeSpan by) => Interlocked.Add(ref _offset, by.Ticks);
}

public static class Repository
{
    public static string Root { get; } = Find();

    private static string Find()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Muster.slnx"))) folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("Not inside the repository.");
        return folder;
    }
}
