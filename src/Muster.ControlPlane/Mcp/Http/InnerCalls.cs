using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Muster.Contracts;
using Muster.ControlPlane.Security;

namespace Muster.ControlPlane.Mcp.Http;

/// <summary>All that a request passes through in this plane, for calls that begin inside it.</summary>
public sealed class InnerPipeline(IServiceScopeFactory scopes)
{
    private RequestDelegate? _plane;

    public RequestDelegate Hold(RequestDelegate plane) => _plane = plane;

    /// <summary>Runs a request as one from outside would run, its caller already known.</summary>
    internal async Task<InnerAnswer> RunAsync(HttpMethod method, string pathAndQuery, byte[]? body, Action<IHeaderDictionary> headers, InnerCaller caller, CancellationToken ct)
    {
        var plane = _plane ?? throw new InvalidOperationException("The plane takes no requests yet.");
        // A flow of its own: what the outer request keeps in its flow (its own context above all) is not this one's.
        using var cut = ExecutionContext.SuppressFlow();
        var running = Task.Run(() => InnerAsync(plane, method, pathAndQuery, body, headers, caller, ct), ct);
        cut.Undo();
        return await running;
    }

    private async Task<InnerAnswer> InnerAsync(RequestDelegate plane, HttpMethod method, string pathAndQuery, byte[]? body, Action<IHeaderDictionary> headers, InnerCaller caller, CancellationToken ct)
    {
        var uri = new Uri(new Uri("http://localhost"), pathAndQuery);
        var answer = new MemoryStream();
        var features = new FeatureCollection();
        var request = new HttpRequestFeature { Method = method.Method, Scheme = "http", Protocol = "HTTP/1.1", Path = PathString.FromUriComponent(uri), QueryString = uri.Query, Body = new MemoryStream(body ?? []) };
        features.Set<IHttpRequestFeature>(request);
        features.Set<IHttpRequestBodyDetectionFeature>(new HasBody(body is not null));
        features.Set<IHttpRequestLifetimeFeature>(new HttpRequestLifetimeFeature { RequestAborted = ct });
        features.Set<IHttpResponseFeature>(new HttpResponseFeature());
        features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(answer));
        features.Set<IHttpConnectionFeature>(new HttpConnectionFeature { RemoteIpAddress = caller.Address });
        features.Set(caller);
        await using var scope = scopes.CreateAsyncScope();
        var http = new DefaultHttpContext(features) { RequestServices = scope.ServiceProvider };
        http.Request.Host = new HostString("localhost");
        if (body is not null)
        {
            http.Request.ContentType = "application/json";
            http.Request.ContentLength = body.Length;
        }

        headers(http.Request.Headers);
        scope.ServiceProvider.GetRequiredService<IHttpContextAccessor>().HttpContext = http;
        await plane(http);
        await http.Response.Body.FlushAsync(ct);
        return new InnerAnswer(http.Response.StatusCode, answer.ToArray());
    }

    private sealed record HasBody(bool CanHaveBody) : IHttpRequestBodyDetectionFeature;
}

/// <summary>Who a call that begins inside the plane is made for. Nothing from outside can put it into a request.</summary>
internal sealed record InnerCaller(Principal Principal, IPAddress? Address);

internal sealed record InnerAnswer(int Status, byte[] Body);

/// <summary>The API for one caller, without leaving the process.</summary>
/// <param name="pipeline">What the call passes through.</param>
/// <param name="caller">For whom it is.</param>
/// <param name="lease">The lease that the caller's own request carried.</param>
internal sealed class InnerCalls(InnerPipeline pipeline, InnerCaller caller, string? lease) : IPlaneCalls
{
    public async Task<T> SendAsync<T>(HttpMethod method, string path, object? body, string? key, CancellationToken ct)
    {
        var bytes = body is null ? null : JsonSerializer.SerializeToUtf8Bytes(body, body.GetType(), Wire.Json);
        var answer = await pipeline.RunAsync(method, path, bytes, headers =>
        {
            if (lease is not null) headers[Wire.LeaseHeader] = lease;
            if (key is not null) headers[Wire.IdempotencyHeader] = key;
        }, caller, ct);
        if (answer.Status is >= 200 and < 300) return JsonSerializer.Deserialize<T>(answer.Body, Wire.Json) ?? throw new InvalidDataException($"{method} {path} answered nothing.");
        throw new CallRefusedException(JsonSerializer.Deserialize<Problem>(answer.Body, Wire.Json) ?? throw new InvalidDataException($"{method} {path} answered {answer.Status}."));
    }
}
