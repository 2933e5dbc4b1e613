using System.Net.Http.Headers;
using System.Text;
using Dapper;
using Muster.Contracts.Security;
using Muster.Contracts.Work;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Git;

/// <summary>Who talks git with the plane. <see cref="Task"/> is set for an assignment, which alone may push.</summary>
public sealed record GitVisitor(string Name, LeaseToken? Lease, TaskRow? Task);

/// <summary>Why somebody may not, as a line that git shows.</summary>
public sealed record GitDenial(int Status, string Text);

/// <summary>
/// Reads git's credential: a lease token opens its own project for as long as it is current, a person's or host's token
/// opens any for reading. An agent's own token opens nothing: what it may see depends on the task it holds.
/// </summary>
public sealed class GitAccess(Store store, TokenDirectory tokens)
{
    private static readonly GitDenial LeaseLost = new(409, "lease_lost: this lease is no longer current; stop work on the task.");

    public async Task<(GitVisitor? Visitor, GitDenial? Denial)> FindAsync(HttpRequest request, string projectId, CancellationToken ct)
    {
        var secret = Secret(request);
        if (secret is null) return (null, new GitDenial(401, "Send the lease token as the password, with any user name."));
        if (LeaseToken.Read(secret, store.LeaseKey) is { } lease) return await OfLeaseAsync(lease, projectId, ct);
        if (await tokens.FindAsync(secret, ct) is not { } principal) return (null, new GitDenial(401, "This token is not valid."));
        return principal.Scope == Scopes.Agent
            ? (null, new GitDenial(403, "An agent reads and writes a repository with the lease of its task, not with its own token."))
            : (new GitVisitor(principal.Name, null, null), null);
    }

    private async Task<(GitVisitor?, GitDenial?)> OfLeaseAsync(LeaseToken lease, string projectId, CancellationToken ct)
    {
        if (lease.Incarnation != store.Incarnation) return (null, LeaseLost);
        var task = await store.ReadAsync(c => c.QueryFirstOrDefaultAsync<TaskRow>(TaskQueries.ById, new { id = lease.Subject }), ct);
        if (task is not null)
        {
            if (task.Epoch != lease.Epoch || task.Status != TaskState.InProgress) return (null, LeaseLost);
            return task.ProjectId == projectId
                ? (new GitVisitor(task.AgentName ?? "agent", lease, task), null)
                : (null, new GitDenial(403, "This lease is for a task of another project."));
        }

        var job = await store.ReadAsync(c => c.QueryFirstOrDefaultAsync<string>(
            "SELECT project_id FROM jobs WHERE id = @Subject AND epoch = @Epoch AND state = 'running'", new { lease.Subject, lease.Epoch }), ct);
        if (job is null) return (null, LeaseLost);
        return job == projectId ? (new GitVisitor("host", lease, null), null) : (null, new GitDenial(403, "This lease is for a job of another project."));
    }

    private static string? Secret(HttpRequest request)
    {
        if (!AuthenticationHeaderValue.TryParse(request.Headers.Authorization, out var header) || header.Parameter is not { Length: > 0 and < 1000 } value) return null;
        if (header.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase)) return value;
        if (!header.Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase)) return null;
        var bytes = new byte[value.Length];
        if (!Convert.TryFromBase64String(value, bytes, out var length)) return null;
        var pair = Encoding.UTF8.GetString(bytes, 0, length);
        var colon = pair.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? null : pair[(colon + 1)..];
    }
}
