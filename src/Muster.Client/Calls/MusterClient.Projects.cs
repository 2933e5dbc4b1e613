using Muster.Client.Http;
using Muster.Contracts;
using Muster.Contracts.Progress;
using Muster.Contracts.Work;

namespace Muster.Client;

public sealed partial class MusterClient
{
    /// <summary>Projects by key, a page at a time.</summary>
    public Task<Page<ProjectInfo>> ListProjectsAsync(string? cursor = null, int? limit = null, CancellationToken ct = default) =>
        GetAsync<Page<ProjectInfo>>(new Query(Routes.Projects).Page(cursor, limit), ct);

    /// <summary>Adds a project and, when it has a repository, mirrors it.</summary>
    public Task<ProjectInfo> CreateProjectAsync(CreateProject body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<ProjectInfo>(Routes.Projects, body, call, ct);

    /// <summary>One project by id, key or name.</summary>
    public Task<ProjectInfo> GetProjectAsync(string id, CancellationToken ct = default) =>
        GetAsync<ProjectInfo>(Query.At(Routes.Project, id), ct);

    /// <summary>Changes what is not null.</summary>
    public Task<ProjectInfo> UpdateProjectAsync(string id, UpdateProject body, CallOptions? call = null, CancellationToken ct = default) =>
        PatchAsync<ProjectInfo>(Query.At(Routes.Project, id), body, call, ct);

    /// <summary>Deletes a project with its epics and tasks; refused while an agent holds one of them.</summary>
    public Task DeleteProjectAsync(string id, CallOptions? call = null, CancellationToken ct = default) =>
        DeleteAsync(Query.At(Routes.Project, id), call, ct);

    /// <summary>Hands out no more of its tasks until it is resumed.</summary>
    public Task<ProjectInfo> PauseProjectAsync(string id, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<ProjectInfo>(Query.At(Routes.ProjectPause, id), null, call, ct);

    /// <summary>Hands out its tasks again.</summary>
    public Task<ProjectInfo> ResumeProjectAsync(string id, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<ProjectInfo>(Query.At(Routes.ProjectResume, id), null, call, ct);

    /// <summary>Fetches the person's repository now.</summary>
    public Task<ProjectInfo> SyncProjectAsync(string id, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<ProjectInfo>(Query.At(Routes.ProjectSync, id), null, call, ct);

    /// <summary>How far the project's plan is, epic by epic.</summary>
    public Task<ProjectProgress> GetPlanAsync(string id, CancellationToken ct = default) =>
        GetAsync<ProjectProgress>(Query.At(Routes.ProjectPlan, id), ct);
}
