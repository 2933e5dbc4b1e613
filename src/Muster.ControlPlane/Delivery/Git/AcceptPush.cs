using Microsoft.Extensions.Options;
using Muster.Contracts.Events;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Git;

/// <summary>How a push ended: git's own answer, or ours.</summary>
internal sealed record PushAnswer(int Status, string ContentType, byte[] Body);

/// <summary>
/// Takes a push so that a lost lease cannot move a ref, however long the upload takes. The pack and the refs go into a
/// namespace of this push alone; then the real refs are locked, the lease is looked at inside the store's transaction,
/// and the refs move in that same transaction or not at all.
/// </summary>
internal sealed class AcceptPush(Store store, IOptions<DeliveryOptions> options)
{
    private const string ReportType = "application/x-git-receive-pack-result";
    private const int MaxAnswer = 1024 * 1024;

    public async Task<PushAnswer> RunAsync(IRepository repository, GitVisitor visitor, GitCall call, CancellationToken ct)
    {
        var task = visitor.Task!;
        PushCommands push;
        try
        {
            push = await PushCommands.ReadAsync(call.Input, ct);
        }
        catch (Exception error) when (error is FormatException or EndOfStreamException)
        {
            return new PushAnswer(400, "text/plain", "This is not a push of git.\n"u8.ToArray());
        }

        if (push.Commands.Any(c => Refusal(c) is not null)) return new PushAnswer(200, ReportType, PushReport.Refuse(push, Refusal));

        var body = new BoundedStream(push.Bytes, call.Input, options.Value.MaxPushBytes);
        var space = "push-" + Guid.NewGuid().ToString("N");
        var answer = await ReceiveAsync(repository, call with { Input = body, Namespace = space }, ct);
        if (body.Exceeded) return new PushAnswer(413, "text/plain", System.Text.Encoding.UTF8.GetBytes($"The push is larger than {options.Value.MaxPushBytes} bytes.\n"));
        // Without a command it was only the question whether a push would be let in.
        if (answer.Status != 200 || push.Commands.Count == 0) return answer;
        return await MoveAsync(repository, visitor, push, space, answer, ct);

        string? Refusal(PushCommand command) => PushRules.Refuse(command, visitor.Name, task.Key, task.Epoch);
    }

    private async Task<PushAnswer> MoveAsync(IRepository repository, GitVisitor visitor, PushCommands push, string space, PushAnswer answer, CancellationToken ct)
    {
        try
        {
            await using var move = await repository.PrepareAsync([.. push.Commands.SelectMany(c => Changes(c, space))], ct);
            await store.WriteAsync(tx =>
            {
                var task = Current(tx, visitor);
                foreach (var command in push.Commands) Record(tx, task, command);
                move.Commit();
            }, ct);
            return answer;
        }
        catch (Refusal refusal)
        {
            await DropAsync(repository, push, space, ct);
            return new PushAnswer(200, ReportType, PushReport.Refuse(push, _ => $"{refusal.Code}: the lease was lost; stop work on the task"));
        }
        catch (RefMovedException moved)
        {
            // git itself refused the pack or a ref and has said why; or another ref stands in the way.
            var dropped = await DropAsync(repository, push, space, ct);
            return dropped == push.Commands.Count ? new PushAnswer(200, ReportType, PushReport.Refuse(push, _ => moved.Message)) : answer;
        }
    }

    /// <summary>Moves the real ref, and takes away the one the push made, which proves that git took it at exactly this commit.</summary>
    private static IEnumerable<RefChange> Changes(PushCommand command, string space) =>
        [new RefChange(command.Ref, command.New), new RefChange(Staged(command, space), null, command.New)];

    private static string Staged(PushCommand command, string space) => $"refs/namespaces/{space}/{command.Ref}";

    private TaskRow Current(StoreTransaction tx, GitVisitor visitor) =>
        Leases.Require(tx, store, visitor.Lease?.Write(store.LeaseKey), visitor.Task!.AssignmentId!);

    private static void Record(StoreTransaction tx, TaskRow task, PushCommand command)
    {
        if (!command.Ref.StartsWith(BranchNames.Heads, StringComparison.Ordinal))
        {
            tx.ExecuteOne("UPDATE assignments SET wip_sha = @New WHERE id = @AssignmentId", new { command.New, task.AssignmentId });
            return;
        }

        var branch = command.Ref[BranchNames.Heads.Length..];
        tx.ExecuteOne("UPDATE tasks SET branch = @branch, head_sha = @New, updated_at = @Now WHERE id = @Id", new { branch, command.New, tx.Now, task.Id });
        tx.Emit(EventTypes.BranchPushed, $"{task.AgentName} pushed {GitText.Brief(command.New)} to {branch} for {task.Key}", task.ProjectId, task.Id, task.AgentId,
            new { branch, sha = command.New, epoch = task.Epoch });
    }

    private static async Task<int> DropAsync(IRepository repository, PushCommands push, string space, CancellationToken ct)
    {
        var dropped = 0;
        foreach (var command in push.Commands)
        {
            try
            {
                await using var move = await repository.PrepareAsync([new RefChange(Staged(command, space), null, command.New)], ct);
                move.Commit();
                dropped++;
            }
            catch (RefMovedException)
            {
                // git did not take this one.
            }
        }

        return dropped;
    }

    private static async Task<PushAnswer> ReceiveAsync(IRepository repository, GitCall call, CancellationToken ct)
    {
        var (status, type) = (500, "text/plain");
        var body = new MemoryStream();
        await repository.ServeAsync(call with
        {
            Respond = (code, headers) =>
            {
                status = code;
                type = headers.FirstOrDefault(h => h.Name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase)).Value ?? type;
                return body;
            },
        }, ct);
        return body.Length <= MaxAnswer ? new PushAnswer(status, type, body.ToArray()) : throw new GitFailedException("git said more about a push than fits.");
    }
}
