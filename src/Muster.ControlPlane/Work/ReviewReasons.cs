using System.Data;
using Dapper;
using Muster.Contracts.Work;

namespace Muster.ControlPlane.Work;

/// <summary>What tasks in review wait for, told from their pull requests, jobs and places in the queue.</summary>
internal static class ReviewReasons
{
    public static async Task<IReadOnlyDictionary<string, IReadOnlyList<WaitingReason>>> ReadAsync(IDbConnection connection, string[] taskIds)
    {
        var byTask = taskIds.ToDictionary(id => id, _ => new List<WaitingReason>(), StringComparer.Ordinal);
        if (taskIds.Length == 0) return new Dictionary<string, IReadOnlyList<WaitingReason>>(StringComparer.Ordinal);

        foreach (var job in await connection.QueryAsync<JobFact>(
            "SELECT task_id, kind, name, state FROM jobs WHERE task_id IN @taskIds AND state IN ('waiting', 'running')", new { taskIds }))
            byTask[job.TaskId].Add(job.Kind == "deploy"
                ? new WaitingReason { Code = WaitingCodes.Deployment, On = job.Name, Detail = $"it is being deployed to {job.Name}" }
                : new WaitingReason
                {
                    Code = WaitingCodes.Check,
                    On = job.Name,
                    Detail = job.State == "running" ? $"check '{job.Name}' is running" : $"check '{job.Name}' waits for a host (`muster host` runs one)",
                });

        foreach (var pull in await connection.QueryAsync<PullFact>(
            """
            SELECT u.task_id, p.key || '!' || u.number AS number, u.state, u.needs_approval, u.approval_reason, (u.approved_sha = u.head_sha) AS approved,
                   q.state AS queue_state, (SELECT COUNT(*) FROM merge_queue b WHERE b.project_id = u.project_id AND b.target = q.target AND b.position <= q.position)
                   + (SELECT COUNT(*) FROM epic_merges b WHERE b.project_id = u.project_id AND b.target = q.target AND b.position < q.position) AS place
              FROM pulls u JOIN projects p ON p.id = u.project_id LEFT JOIN merge_queue q ON q.pull_id = u.id
             WHERE u.task_id IN @taskIds AND u.state IN ('open', 'queued')
            """, new { taskIds }))
        {
            var reasons = byTask[pull.TaskId];
            if (pull.QueueState is not null)
                reasons.Add(new WaitingReason { Code = WaitingCodes.MergeQueue, On = pull.Number, Detail = $"pull request {pull.Number} stands at place {pull.Place} in the merge queue ({pull.QueueState})" });
            else if (pull.NeedsApproval && !pull.Approved)
                reasons.Add(new WaitingReason
                {
                    Code = WaitingCodes.Approval,
                    On = pull.Number,
                    Detail = $"pull request {pull.Number} waits for your approval{(pull.ApprovalReason is null ? "" : $" ({pull.ApprovalReason})")}: `muster review show {pull.Number}`",
                });
        }

        return byTask.Where(t => t.Value.Count > 0).ToDictionary(t => t.Key, t => (IReadOnlyList<WaitingReason>)t.Value, StringComparer.Ordinal);
    }

    private sealed record JobFact
    {
        public string TaskId { get; init; } = "";
        public string Kind { get; init; } = "";
        public string Name { get; init; } = "";
        public string State { get; init; } = "";
    }

    private sealed record PullFact
    {
        public string TaskId { get; init; } = "";
        public string Number { get; init; } = "";
        public string State { get; init; } = "";
        public bool NeedsApproval { get; init; }
        public string? ApprovalReason { get; init; }
        public bool Approved { get; init; }
        public string? QueueState { get; init; }
        public int Place { get; init; }
    }
}
