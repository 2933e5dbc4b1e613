using Muster.Contracts.Delivery;
using Muster.Contracts.Fleet;
using Muster.Contracts.Tools;
using Muster.Contracts.Work;
using Muster.Dashboard.Hosting;
using Muster.Dashboard.Reviews;

namespace Muster.Dashboard.Tasks;

public sealed record TaskFacts
{
    /// <summary>Bytes of a log that a page begins with: its end.</summary>
    private const int LogTail = 48 * 1024;

    public required TaskInfo Task { get; init; }
    public required TaskWhy Why { get; init; }
    public required IReadOnlyList<ContractLine> Contract { get; init; }
    public required IReadOnlyList<EvidenceInfo> Evidence { get; init; }
    public required IReadOnlyList<AssignmentInfo> Attempts { get; init; }
    /// <summary>The newest, in the order in which they came.</summary>
    public required IReadOnlyList<TaskUpdateInfo> Updates { get; init; }

    /// <summary>Whether there are earlier ones that are not shown.</summary>
    public required bool UpdatesCut { get; init; }
    public required IReadOnlyList<PullInfo> Pulls { get; init; }
    public required IReadOnlyList<ArtifactInfo> Artifacts { get; init; }

    /// <summary>Where it runs since it was merged.</summary>
    public required IReadOnlyList<DeploymentInfo> Deployments { get; init; }

    /// <summary>The attempt whose log is shown.</summary>
    public required int Epoch { get; init; }
    public required string Log { get; init; }

    /// <summary>Whether the log has a beginning that is not shown.</summary>
    public required bool LogCut { get; init; }
    public required long LogNext { get; init; }

    public AssignmentInfo? Active => Attempts.FirstOrDefault(a => a.Status == AssignmentState.Active);

    public static async Task<TaskFacts> ReadAsync(PageContext page)
    {
        var (muster, key) = (page.Muster, page.Value("key")!);
        var task = muster.GetTaskAsync(key);
        var why = muster.ExplainTaskAsync(key);
        var evidence = muster.ListEvidenceAsync(key);
        var attempts = muster.ListAssignmentsAsync(task: key, limit: 100);
        var updates = muster.ListNewestTaskUpdatesAsync(key, limit: 200);
        var pulls = muster.ListPullsAsync(task: key, limit: 20);
        var found = await task;
        var artifacts = muster.ListArtifactsAsync(found.Key, limit: 50);
        var epoch = int.TryParse(page.Asked("attempt"), out var asked) && asked > 0 && asked <= found.Attempts ? asked : found.Attempts;
        var (log, next, cut) = epoch > 0 ? await LogAsync(page, found.Key, epoch) : ("", 0, false);
        return new TaskFacts
        {
            Task = found,
            Why = await why,
            Evidence = await evidence,
            Pulls = (await pulls).Items,
            Contract = ContractLine.Of(found, await evidence, (await pulls).Items),
            Attempts = [.. (await attempts).Items.OrderByDescending(a => a.Epoch)],
            Updates = [.. (await updates).Items.Reverse()],
            UpdatesCut = (await updates).Next is not null,
            Artifacts = (await artifacts).Items,
            Deployments = await DeployedFacts.OfAsync(muster, (await pulls).Items is [var newest, ..] ? newest : null),
            Epoch = epoch,
            Log = log,
            LogNext = next,
            LogCut = cut,
        };
    }

    /// <summary>The end of a log. Its length is known only by asking, and a piece has a limit: pieces are read until the last.</summary>
    private static async Task<(string Text, long Next, bool Cut)> LogAsync(PageContext page, string key, int epoch)
    {
        var text = "";
        var cut = false;
        long at = 0;
        for (var piece = 0; piece < 40; piece++)
        {
            var more = await page.Muster.GetTaskLogAsync(key, epoch, at);
            if (more.Text.Length == 0) break;
            text += more.Text;
            if (text.Length > LogTail)
            {
                cut = true;
                text = text[^LogTail..];
                text = text[(text.IndexOf('\n', StringComparison.Ordinal) + 1)..];
            }

            if (more.Next <= at) break;
            at = more.Next;
        }

        return (text, at, cut);
    }
}
