using Muster.ControlPlane.Models.Calling;

namespace Muster.ControlPlane.Models.Gateway;

/// <summary>Passes an answer on as it comes.</summary>
internal sealed class HttpModelAnswer(HttpResponse response) : IModelAnswer
{
    public bool HasBegun { get; private set; }

    public Task BeginAsync(int status, string contentType, IReadOnlyDictionary<string, string> headers, CancellationToken ct)
    {
        HasBegun = true;
        response.StatusCode = status;
        response.ContentType = contentType;
        response.Headers.CacheControl = "no-cache";
        foreach (var (name, value) in headers) response.Headers[name] = value;
        return response.StartAsync(ct);
    }

    public async Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct) => await response.BodyWriter.WriteAsync(bytes, ct);
}
