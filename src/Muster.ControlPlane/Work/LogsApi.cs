using Dapper;
using Muster.Contracts;
using Muster.Contracts.Work;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

public static class LogsApi
{
    public static void MapLogs(this IEndpointRouteBuilder routes)
    {
        routes.MapPost(Routes.AssignmentLog, Append).WithName("AppendAssignmentLog").Admit(Access.Work);
        routes.MapGet(Routes.AssignmentLog, Read).WithName("GetAssignmentLog").Admit(Access.Read);
        routes.MapGet(Routes.TaskLog, ReadTask).WithName("GetTaskLog").Admit(Access.Read);
    }

    /// <summary>Offsets are bytes of UTF-8. Repeating a piece changes nothing.</summary>
    private static async Task<LogText> Append(string id, AppendLog body, HttpContext http, Store store, AttemptLogs logs, CancellationToken ct)
    {
        new Checked().Require(body.Offset >= 0, "offset", "offset is 0 or more.")
            .Require(body.Text.Length <= AttemptLogs.PieceLimit, "text", $"A piece has at most {AttemptLogs.PieceLimit} characters.").ThrowIfWrong();
        // The check writes nothing, but it stands in a transaction so that it is ordered with the loss of the lease.
        var assignment = await store.WriteAsync(tx => Leases.Require(tx, store, Leases.Header(http), id).AssignmentId!, ct);
        return logs.Append(assignment, body);
    }

    private static async Task<LogText> Read(string id, Store store, AttemptLogs logs, long? after, int? limit, CancellationToken ct)
    {
        var known = await store.ReadAsync(c => c.QueryFirstOrDefaultAsync<string>("SELECT id FROM assignments WHERE id = @id", new { id }), ct) ?? throw Refusal.NotFound("assignment", id);
        return logs.Read(known, after ?? 0, Math.Clamp(limit ?? 262_144, 1, 1_048_576));
    }

    /// <summary>The log of one attempt of a task, the newest unless told otherwise.</summary>
    private static async Task<LogText> ReadTask(string id, Store store, TaskReader reader, AttemptLogs logs, int? epoch, long? after, int? limit, CancellationToken ct)
    {
        var task = await reader.RowAsync(id, ct);
        var assignment = await store.ReadAsync(c => c.QueryFirstOrDefaultAsync<string>(
            "SELECT id FROM assignments WHERE task_id = @Id AND epoch = COALESCE(@epoch, (SELECT MAX(epoch) FROM assignments WHERE task_id = @Id))", new { task.Id, epoch }), ct);
        if (assignment is null && epoch is not null) throw Refusal.NotFound("attempt", $"{epoch} at {task.Key}");
        return assignment is null ? new LogText { Text = "", Next = 0, Truncated = false } : logs.Read(assignment, after ?? 0, Math.Clamp(limit ?? 262_144, 1, 1_048_576));
    }
}
