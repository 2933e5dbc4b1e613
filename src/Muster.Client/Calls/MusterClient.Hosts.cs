using Muster.Client.Http;
using Muster.Contracts;
using Muster.Contracts.Fleet;

namespace Muster.Client;

public sealed partial class MusterClient
{
    /// <summary>Hosts by name, a page at a time.</summary>
    public Task<Page<HostInfo>> ListHostsAsync(string? cursor = null, int? limit = null, CancellationToken ct = default) =>
        GetAsync<Page<HostInfo>>(new Query(Routes.Hosts).Page(cursor, limit), ct);

    /// <summary>Adds a host before it is first heard of.</summary>
    public Task<HostInfo> CreateHostAsync(CreateHost body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<HostInfo>(Routes.Hosts, body, call, ct);

    /// <summary>One host by id or name.</summary>
    public Task<HostInfo> GetHostAsync(string id, CancellationToken ct = default) =>
        GetAsync<HostInfo>(Query.At(Routes.Host, id), ct);

    /// <summary>Changes what is not null.</summary>
    public Task<HostInfo> UpdateHostAsync(string id, UpdateHost body, CallOptions? call = null, CancellationToken ct = default) =>
        PatchAsync<HostInfo>(Query.At(Routes.Host, id), body, call, ct);

    /// <summary>Deletes a host that runs no agent.</summary>
    public Task DeleteHostAsync(string id, CallOptions? call = null, CancellationToken ct = default) =>
        DeleteAsync(Query.At(Routes.Host, id), call, ct);

    /// <summary>Registers a host or says that it is alive, renews its jobs' leases and brings what it should be running.</summary>
    public Task<HostHeartbeatAnswer> HostHeartbeatAsync(
        HostHeartbeatRequest body,
        CallOptions? call = null,
        CancellationToken ct = default) =>
        PostAsync<HostHeartbeatAnswer>(Routes.HostHeartbeat, body, call, ct);
}
