using Muster.Client.Http;
using Muster.Contracts;
using Muster.Contracts.Tools;

namespace Muster.Client;

public sealed partial class MusterClient
{
    /// <summary>Artifacts, newest first, a page at a time.</summary>
    public Task<Page<ArtifactInfo>> ListArtifactsAsync(
        string? task = null,
        string? cursor = null,
        int? limit = null,
        CancellationToken ct = default) =>
        GetAsync<Page<ArtifactInfo>>(new Query(Routes.Artifacts).Add("task", task).Page(cursor, limit), ct);

    /// <summary>What is known of one artifact.</summary>
    public Task<ArtifactInfo> GetArtifactAsync(string id, CancellationToken ct = default) =>
        GetAsync<ArtifactInfo>(Query.At(Routes.Artifact, id), ct);

    /// <summary>Renames an artifact.</summary>
    public Task<ArtifactInfo> UpdateArtifactAsync(
        string id,
        UpdateArtifact body,
        CallOptions? call = null,
        CancellationToken ct = default) =>
        PatchAsync<ArtifactInfo>(Query.At(Routes.Artifact, id), body, call, ct);

    /// <summary>Deletes an artifact.</summary>
    public Task DeleteArtifactAsync(string id, CallOptions? call = null, CancellationToken ct = default) =>
        DeleteAsync(Query.At(Routes.Artifact, id), call, ct);

    /// <summary>
    /// Stores what <paramref name="content"/> holds, from where it stands. Sent again after a failure only when the stream can seek.
    /// The plane refuses with <c>too_large</c> what is above its limit.
    /// </summary>
    public Task<ArtifactInfo> CreateArtifactAsync(
        string name,
        Stream content,
        string? taskId = null,
        string? contentType = null,
        CallOptions? call = null,
        CancellationToken ct = default)
    {
        var query = new Query(Routes.Artifacts).Add("name", name).Add("taskId", taskId).Add("contentType", contentType);
        var start = content.CanSeek ? content.Position : 0;
        if (!content.CanSeek)
            call = (call ?? new CallOptions()) with { MaxRetries = 0 };
        return _sender.SendAsync<ArtifactInfo>(HttpMethod.Post, query.ToString(), Body, call, ct);

        HttpContent Body()
        {
            if (content.CanSeek)
                content.Position = start;
            // The request disposes its content; the caller's stream stays open for the next try.
            return new StreamContent(new KeptOpenStream(content)) { Headers = { ContentType = new("application/octet-stream") } };
        }
    }

    /// <summary>Opens an artifact's content for reading, as long as it is. Dispose the stream.</summary>
    public async Task<Stream> GetArtifactContentAsync(string id, CancellationToken ct = default)
    {
        var response = await _sender.OpenAsync(Query.At(Routes.ArtifactContent, id), "*/*", null, ct);
        return await response.Content.ReadAsStreamAsync(ct);
    }
}
