using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Operations.State;

namespace Muster.Integrations.Redis;

/// <summary>The shared state in Redis. Limits and locks are decided there in one step each, by its clock.</summary>
/// <param name="client">The connection.</param>
/// <param name="space">Stands before every key, so that installations on one Redis do not meet.</param>
public sealed class RedisState(RedisClient client, string space) : ISharedState
{
    public PartHealth Health => client.Health;

    public bool IsShared => true;

    public async ValueTask<IReadOnlyList<byte[]?>> GetAsync(IReadOnlyList<string> keys, CancellationToken ct)
    {
        if (keys.Count == 0) return [];
        var answer = await client.ExecuteAsync(RespWriter.Write(["MGET", .. keys.Select(k => Key("value", k))]), ct);
        return [.. Items(answer, keys.Count).Select(i => i.Bytes)];
    }

    public async ValueTask SetAsync(IReadOnlyList<KeyValuePair<string, byte[]>> values, TimeSpan life, CancellationToken ct) =>
        await Task.WhenAll(values.Select(v => client.ExecuteAsync(RespWriter.Write("SET", Key("value", v.Key), v.Value, "PX", Milliseconds(life)), ct)));

    public async ValueTask RemoveAsync(string key, CancellationToken ct) => await client.ExecuteAsync(RespWriter.Write("DEL", Key("value", key)), ct);

    public async ValueTask<Taken> TakeAsync(string key, Rate rate, int count, CancellationToken ct)
    {
        const double second = 1_000_000;
        var answer = Items(await client.RunAsync(RedisScript.Take, Key("limit", key), [(long)(rate.Burst / rate.PerSecond * second), second / rate.PerSecond, count], ct), 2);
        return new Taken(answer[0].Number == 1, TimeSpan.FromMicroseconds(answer[1].Number));
    }

    public async ValueTask<bool> TryLockAsync(string name, string holder, TimeSpan length, CancellationToken ct) =>
        (await client.ExecuteAsync(RespWriter.Write("SET", Key("lock", name), holder, "NX", "PX", Milliseconds(length)), ct)).Kind == RespKind.Text;

    public async ValueTask<bool> ExtendAsync(string name, string holder, TimeSpan length, CancellationToken ct) =>
        (await client.RunAsync(RedisScript.Extend, Key("lock", name), [holder, Milliseconds(length)], ct)).Number == 1;

    public async ValueTask UnlockAsync(string name, string holder, CancellationToken ct) => await client.RunAsync(RedisScript.Unlock, Key("lock", name), [holder], ct);

    public ValueTask DisposeAsync() => client.DisposeAsync();

    private string Key(string kind, string name) => $"muster:{space}:{kind}:{name}";

    private static long Milliseconds(TimeSpan time) => Math.Max(1, (long)time.TotalMilliseconds);

    private static IReadOnlyList<RespValue> Items(RespValue answer, int count) =>
        answer.Items is { } items && items.Count == count ? items : throw new StateUnavailableException("Redis answered in a form that is not known.");
}
