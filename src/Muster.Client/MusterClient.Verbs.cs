using System.Text.Json;
using Muster.Client.Http;
using Muster.Contracts;

namespace Muster.Client;

public sealed partial class MusterClient
{
    /// <summary>Walks every item of a paged list: <c>EnumerateAsync(cursor => muster.ListTasksAsync(cursor: cursor))</c>.</summary>
    public static async IAsyncEnumerable<T> EnumerateAsync<T>(Func<string?, Task<Page<T>>> list)
    {
        string? cursor = null;
        do
        {
            var page = await list(cursor);
            foreach (var item in page.Items)
                yield return item;
            // A cursor that does not move would never end.
            cursor = string.Equals(page.Next, cursor, StringComparison.Ordinal) ? null : page.Next;
        }
        while (cursor is not null);
    }

    /// <summary>A call by its path, for who has the paths from elsewhere. Retries, keys and faults as in every other.</summary>
    internal Task<T> CallAsync<T>(HttpMethod method, string path, object? body, CallOptions? call, CancellationToken ct) =>
        _sender.SendAsync<T>(method, path, Sender.Json(body), call, ct);

    /// <summary>An answer as it stands. A program that lives for a moment spends more on compiling types and tasks of them than on its questions.</summary>
    internal Task<JsonDocument> ReadAsync(string path, CancellationToken ct, int alsoAccept = 0) => _sender.TryRead(path, alsoAccept, ct) is { } document
        ? Task.FromResult(document)
        : _sender.SendAsync<JsonDocument>(HttpMethod.Get, path, static () => null, null, ct, alsoAccept);

    private Task<T> GetAsync<T>(string path, CancellationToken ct) =>
        _sender.SendAsync<T>(HttpMethod.Get, path, static () => null, null, ct);

    private Task<T> GetAsync<T>(Query query, CancellationToken ct) => GetAsync<T>(query.ToString(), ct);

    private Task<T> PostAsync<T>(string path, object? body, CallOptions? call, CancellationToken ct) =>
        _sender.SendAsync<T>(HttpMethod.Post, path, Sender.Json(body), call, ct);

    private Task<T> PatchAsync<T>(string path, object body, CallOptions? call, CancellationToken ct) =>
        _sender.SendAsync<T>(HttpMethod.Patch, path, Sender.Json(body), call, ct);

    private Task<T> PutAsync<T>(string path, object body, CallOptions? call, CancellationToken ct) =>
        _sender.SendAsync<T>(HttpMethod.Put, path, Sender.Json(body), call, ct);

    private Task<T> DeleteAsync<T>(string path, CallOptions? call, CancellationToken ct) =>
        _sender.SendAsync<T>(HttpMethod.Delete, path, static () => null, call, ct);

    private Task DeleteAsync(string path, CallOptions? call, CancellationToken ct) => NothingAsync(HttpMethod.Delete, path, null, call, ct);

    private Task NothingAsync(HttpMethod method, string path, object? body, CallOptions? call, CancellationToken ct) =>
        _sender.SendAsync(method, path, Sender.Json(body), call, static (_, _) => Task.FromResult(true), ct);

    private CallOptions Waiting(CallOptions? call, int waitSeconds)
    {
        call ??= new CallOptions();
        return call with { Timeout = (call.Timeout ?? Options.Timeout) + TimeSpan.FromSeconds(Math.Max(0, waitSeconds)) };
    }
}
