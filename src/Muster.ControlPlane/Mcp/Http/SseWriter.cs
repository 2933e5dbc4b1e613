using System.Net.ServerSentEvents;
using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Muster.ControlPlane.Mcp.Http;

/// <summary>Writes kept messages the way the protocol's own streams look.</summary>
internal static class SseWriter
{
    public static Task WriteAsync(IAsyncEnumerable<SseItem<JsonRpcMessage?>> items, Stream to, CancellationToken ct) =>
        SseFormatter.WriteAsync(Flushing(items, to, ct), to, static (item, buffer) =>
        {
            if (item.Data is null) return;
            using var json = new Utf8JsonWriter(buffer);
            JsonSerializer.Serialize(json, item.Data, McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(JsonRpcMessage)));
        }, ct);

    // The formatter writes one before it asks for the next: then what was written goes out.
    private static async IAsyncEnumerable<SseItem<JsonRpcMessage?>> Flushing(IAsyncEnumerable<SseItem<JsonRpcMessage?>> items, Stream to, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var item in items.WithCancellation(ct))
        {
            yield return item;
            await to.FlushAsync(ct);
        }
    }
}
