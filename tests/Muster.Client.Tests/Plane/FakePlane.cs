using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Muster.Contracts;

namespace Muster.Client.Tests.Plane;

/// <summary>
/// A plane over real HTTP with the state that a client can see: tasks, leases, idempotency keys, logs. It stands in for the real one
/// only to break in ways that cannot be asked of that.
/// </summary>
public sealed class FakePlane : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, Lazy<Task<(int Status, byte[] Body)>>> _answers = new();
    private readonly Lock _lock = new();
    private readonly List<Received> _received = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private FakePlane(WebApplication app) => _app = app;

    public PlaneState State { get; } = new();

    public Uri Address { get; private set; } = null!;

    /// <summary>Decides what befalls a request.</summary>
    public Func<Received, Fault> Faults { get; set; } = _ => Fault.None;

    /// <summary>Answers in place of the plane; true when it did.</summary>
    public Func<HttpContext, Task<bool>>? Instead { get; set; }

    public bool Down { get; set; }

    public IReadOnlyList<Received> Received
    {
        get
        {
            lock (_lock)
                return [.. _received];
        }
    }

    public static async Task<FakePlane> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var plane = new FakePlane(app);
        app.Run(plane.HandleAsync);
        await app.StartAsync();
        plane.Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        return plane;
    }

    public MusterClient Client(TimeProvider? time = null, Func<MusterClientOptions, MusterClientOptions>? with = null)
    {
        var options = new MusterClientOptions { Server = Address, Token = "mst_test", TimeProvider = time ?? TimeProvider.System };
        return new MusterClient(with is null ? options : with(options));
    }

    public IReadOnlyList<Received> To(string ending) =>
        [.. Received.Where(r => r.Path.EndsWith(ending, StringComparison.Ordinal) && r.Method != "GET")];

    /// <summary>Waits until the plane's state or what it received is as asked; 30 s at most.</summary>
    public async Task UntilAsync(Func<FakePlane, bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            Task changed;
            lock (_lock)
                changed = _changed.Task;
            if (condition(this))
                return;
            await changed.WaitAsync(limit.Token);
        }
    }

    public void Changed()
    {
        lock (_lock)
        {
            _changed.TrySetResult();
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        State.Dispose();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private async Task HandleAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body, Encoding.UTF8);
        var received = new Received(
            http.Request.Method,
            http.Request.Path.Value!,
            http.Request.QueryString.Value ?? "",
            http.Request.Headers[Contracts.Wire.IdempotencyHeader],
            http.Request.Headers[Contracts.Wire.LeaseHeader],
            http.Request.Headers.Authorization,
            await reader.ReadToEndAsync());
        lock (_lock)
            _received.Add(received);
        Changed();
        var fault = Down ? Fault.CutBefore : Faults(received);
        if (fault == Fault.CutBefore)
        {
            http.Abort();
            return;
        }
        if (Instead is { } instead && await instead(http))
            return;
        var (status, body) = await AnswerAsync(received);
        Changed();
        if (fault == Fault.CutAfter)
        {
            http.Abort();
            return;
        }
        http.Response.StatusCode = status;
        http.Response.ContentType = status < 400 ? "application/json" : "application/problem+json";
        await http.Response.Body.WriteAsync(body);
    }

    /// <summary>The same key is the same call, also while the first is still under way.</summary>
    private Task<(int Status, byte[] Body)> AnswerAsync(Received received) => received.Key is null
        ? ComputeAsync(received)
        : _answers.GetOrAdd(received.Key, _ => new Lazy<Task<(int, byte[])>>(() => ComputeAsync(received))).Value;

    private async Task<(int Status, byte[] Body)> ComputeAsync(Received received)
    {
        try
        {
            var answer = await State.AnswerAsync(received);
            return (200, JsonSerializer.SerializeToUtf8Bytes(answer, answer.GetType(), Contracts.Wire.Json));
        }
        catch (MusterException e)
        {
            return (e.StatusCode, JsonSerializer.SerializeToUtf8Bytes(e.Problem, Contracts.Wire.Json));
        }
    }
}
