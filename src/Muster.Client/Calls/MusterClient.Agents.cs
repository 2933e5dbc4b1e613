using Muster.Client.Http;
using Muster.Contracts;
using Muster.Contracts.Fleet;
using Muster.Contracts.Security;

namespace Muster.Client;

public sealed partial class MusterClient
{
    /// <summary>Agents by name, a page at a time. <paramref name="host"/> is a host's name.</summary>
    public Task<Page<AgentInfo>> ListAgentsAsync(
        bool? active = null,
        string? host = null,
        string? cursor = null,
        int? limit = null,
        CancellationToken ct = default) =>
        GetAsync<Page<AgentInfo>>(new Query(Routes.Agents).Add("active", active).Add("host", host).Page(cursor, limit), ct);

    /// <summary>Adds an agent; one with a definition is started by its host.</summary>
    public Task<AgentInfo> CreateAgentAsync(CreateAgent body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<AgentInfo>(Routes.Agents, body, call, ct);

    /// <summary>One agent by id or name.</summary>
    public Task<AgentInfo> GetAgentAsync(string id, CancellationToken ct = default) =>
        GetAsync<AgentInfo>(Query.At(Routes.Agent, id), ct);

    /// <summary>Changes what is not null.</summary>
    public Task<AgentInfo> UpdateAgentAsync(string id, UpdateAgent body, CallOptions? call = null, CancellationToken ct = default) =>
        PatchAsync<AgentInfo>(Query.At(Routes.Agent, id), body, call, ct);

    /// <summary>Deletes an agent that holds no task.</summary>
    public Task DeleteAgentAsync(string id, CallOptions? call = null, CancellationToken ct = default) =>
        DeleteAsync(Query.At(Routes.Agent, id), call, ct);

    /// <summary>Registers an agent or says that it is alive, renews the leases it names and brings its commands.</summary>
    public Task<HeartbeatAnswer> HeartbeatAsync(HeartbeatRequest body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<HeartbeatAnswer>(Routes.AgentHeartbeat, body, call, ct);

    /// <summary>Takes an agent out of service; it gets no more tasks.</summary>
    public Task<AgentInfo> DeactivateAgentAsync(string id, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<AgentInfo>(Query.At(Routes.AgentDeactivate, id), null, call, ct);

    /// <summary>Tells an agent to take no more tasks until it is resumed.</summary>
    public Task<AgentInfo> PauseAgentAsync(string id, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<AgentInfo>(Query.At(Routes.AgentPause, id), null, call, ct);

    /// <summary>Tells an agent to take tasks again.</summary>
    public Task<AgentInfo> ResumeAgentAsync(string id, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<AgentInfo>(Query.At(Routes.AgentResume, id), null, call, ct);

    /// <summary>Tells an agent to finish what it holds, take nothing new, and end; resuming undoes it.</summary>
    public Task<AgentInfo> DrainAgentAsync(string id, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<AgentInfo>(Query.At(Routes.AgentDrain, id), null, call, ct);

    /// <summary>Tells an agent to stop and hand its tasks back.</summary>
    public Task<AgentInfo> StopAgentAsync(string id, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<AgentInfo>(Query.At(Routes.AgentStop, id), null, call, ct);

    /// <summary>Makes a token for one agent; its secret is shown this once.</summary>
    public Task<TokenCreated> CreateAgentTokenAsync(string id, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<TokenCreated>(Query.At(Routes.AgentToken, id), null, call, ct);
}
