using Muster.Contracts.Delivery;
using Muster.Dashboard.Hosting;

namespace Muster.Dashboard.Reviews;

/// <summary>What waits for a word, what is in line, what was sent back, and what was merged lately.</summary>
public sealed record ReviewsFacts
{
    private const int Most = 100;
    private const int MostMerged = 20;

    public required IReadOnlyList<PullInfo> Open { get; init; }
    public required IReadOnlyList<PullInfo> Back { get; init; }
    public required IReadOnlyList<PullInfo> Merged { get; init; }
    public required IReadOnlyList<QueueEntry> Queue { get; init; }
    public required string? Next { get; init; }

    public IEnumerable<PullInfo> Waiting => Open.Where(p => p is { NeedsApproval: true, Approved: false });
    public IEnumerable<PullInfo> Proving => Open.Where(p => p is not { NeedsApproval: true, Approved: false });

    public static async Task<ReviewsFacts> ReadAsync(PageContext page)
    {
        var muster = page.Muster;
        var project = page.Asked("project");
        var open = muster.ListPullsAsync(project, PullState.Open, limit: Most);
        var back = muster.ListPullsAsync(project, PullState.ChangesRequested, limit: MostMerged);
        var merged = muster.ListPullsAsync(project, PullState.Merged, cursor: page.Asked("after"), limit: MostMerged);
        var queue = muster.ListMergeQueueAsync(project);
        return new ReviewsFacts { Open = (await open).Items, Back = (await back).Items, Merged = (await merged).Items, Next = (await merged).Next, Queue = await queue };
    }
}
