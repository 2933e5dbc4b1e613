using Muster.Client;
using Muster.Contracts.Work;

namespace Muster.Runner.Agents;

/// <summary>What is written on an attempt's task, and writing there with its lease.</summary>
internal static class AttemptComments
{
    private const int Kept = 100;
    private const int PageSize = 200;
    private const int MaxPages = 50;

    /// <summary>The newest comments, oldest first.</summary>
    public static async Task<IReadOnlyList<TaskUpdateInfo>> ReadAsync(MusterClient muster, string task, CancellationToken cancellation)
    {
        var newest = new Queue<TaskUpdateInfo>();
        string? cursor = null;
        for (var page = 0; page < MaxPages; page++)
        {
            var updates = await muster.ListTaskUpdatesAsync(task, cursor, PageSize, cancellation);
            foreach (var comment in updates.Items.Where(update => update.Kind == "comment"))
            {
                newest.Enqueue(comment);
                if (newest.Count > Kept) newest.Dequeue();
            }

            cursor = updates.Next;
            if (cursor is null) break;
        }

        return [.. newest];
    }

    public static async Task WriteAsync(MusterClient muster, TaskContext context, string text, CancellationToken cancellation) =>
        await muster.AddTaskUpdateAsync(context.Task.Key, new AddTaskUpdate { Text = text }, CallOptions.ForLease(context.Lease), cancellation);
}
