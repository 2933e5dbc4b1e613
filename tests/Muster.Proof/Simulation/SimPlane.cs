using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Contracts;
using Muster.ControlPlane;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;
using Muster.Integrations.Sqlite;
using Muster.Proof.Planting;

namespace Muster.Proof.Simulation;

/// <summary>One life of a plane: the real operations over the real store, between its opening and its crash.</summary>
internal sealed class SimPlane : IAsyncDisposable
{
    private readonly SimServer _server;
    private readonly ServiceProvider _services;
    private readonly string _folder;

    private SimPlane(SimServer server, ServiceProvider services, string folder) => (_server, _services, _folder) = (server, services, folder);

    public Store Store => _services.GetRequiredService<Store>();

    public static async Task<SimPlane> OpenAsync(SimServer server, string folder, TimeProvider time, PlantState? plant)
    {
        var services = new ServiceCollection();
        foreach (var descriptor in server.Services) ((ICollection<ServiceDescriptor>)services).Add(descriptor);
        services.Replace(ServiceDescriptor.Singleton(time));
        services.Replace(ServiceDescriptor.Singleton<Store>(_ => SqliteStore.Open(folder, time, NullLogger.Instance) is var real && plant is { Plant: not Plant.AcknowledgeBeforeCommit } ? new PlantedStore(real, plant) : real));
        if (plant is not null) services.AddSingleton(plant);
        var plane = new SimPlane(server, services.BuildServiceProvider(), folder);
        await ActivatorUtilities.CreateInstance<Startup>(plane._services).StartingAsync(default);
        return plane;
    }

    public Task SweepAsync() => _services.GetRequiredService<LeaseKeeper>().SweepAsync(default);

    public async Task<SimAnswer> SendAsync(SimRequest request)
    {
        await using var scope = _services.CreateAsyncScope();
        var body = request.Body is null ? [] : JsonSerializer.SerializeToUtf8Bytes(request.Body, request.Body.GetType(), Wire.Json);
        var answer = new MemoryStream();
        var features = new FeatureCollection();
        var headers = new HeaderDictionary { ["Host"] = "127.0.0.1", ["Authorization"] = "Bearer " + _server.Token, ["Content-Length"] = $"{body.Length}" };
        if (body.Length > 0) headers["Content-Type"] = "application/json";
        if (request.Lease is not null) headers[Wire.LeaseHeader] = request.Lease;
        if (request.Key is not null) headers[Wire.IdempotencyHeader] = request.Key;
        features.Set<IHttpRequestFeature>(new HttpRequestFeature { Method = request.Method, Path = request.Path, Protocol = "HTTP/1.1", Scheme = "http", Headers = headers, Body = new MemoryStream(body) });
        features.Set<IHttpResponseFeature>(new HttpResponseFeature());
        features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(answer));
        features.Set<IHttpRequestBodyDetectionFeature>(new Body(body.Length > 0));
        features.Set<IServiceProvidersFeature>(new Provided(scope.ServiceProvider));
        await _server.ProcessAsync(features);
        return new SimAnswer(features.Get<IHttpResponseFeature>()!.StatusCode, Encoding.UTF8.GetString(answer.ToArray()));
    }

    /// <summary>The store's files as they lie on the disk now; what a crash at this moment leaves.</summary>
    public IReadOnlyDictionary<string, byte[]> Files() =>
        Directory.GetFiles(_folder, "muster.db*").Where(f => !f.EndsWith("-shm", StringComparison.Ordinal)).ToDictionary(f => Path.GetFileName(f), Read, StringComparer.Ordinal);

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        await _services.DisposeAsync();
    }

    private static byte[] Read(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private sealed record Body(bool CanHaveBody) : IHttpRequestBodyDetectionFeature;

    private sealed class Provided(IServiceProvider services) : IServiceProvidersFeature
    {
        public IServiceProvider RequestServices { get; set; } = services;
    }
}

/// <param name="Method">HTTP method.</param>
/// <param name="Path">Of the API.</param>
/// <param name="Body">Serialised as the SDK does.</param>
/// <param name="Lease">On whose behalf.</param>
/// <param name="Key">Makes a repetition harmless.</param>
internal sealed record SimRequest(string Method, string Path, object? Body, string? Lease = null, string? Key = null);

internal sealed record SimAnswer(int Status, string Body)
{
    public bool IsOk => Status is >= 200 and < 300;

    public T Read<T>() => JsonSerializer.Deserialize<T>(Body, Wire.Json)!;
}
