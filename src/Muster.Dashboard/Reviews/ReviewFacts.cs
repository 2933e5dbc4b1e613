using Muster.Client;
using Muster.Contracts.Delivery;
using Muster.Contracts.Work;
using Muster.Dashboard.Hosting;
using Muster.Dashboard.Kit.Diffs;
using Muster.Dashboard.Tasks;

namespace Muster.Dashboard.Reviews;

/// <summary>One pull request, with what a person should know before they say yes.</summary>
public sealed record ReviewFacts
{
    public required PullInfo Pull { get; init; }
    public required TaskInfo Task { get; init; }
    public required IReadOnlyList<ContractLine> Contract { get; init; }

    /// <summary>Null when there is nothing to compare with; <see cref="NoDiff"/> says why.</summary>
    public DiffText? Diff { get; init; }
    public string? NoDiff { get; init; }
    public QueueEntry? Queued { get; init; }
    public required IReadOnlyList<Risk> Risks { get; init; }

    /// <summary>What was said at places of the change; what was said of an older state stands where it was.</summary>
    public required IReadOnlyList<DiffNote> Notes { get; init; }

    /// <summary>Comments that somebody is writing.</summary>
    public required IReadOnlyList<LineDraft> Drafts { get; init; }

    /// <summary>How a proposed role did on recorded tasks, the newest first; null where no role is proposed.</summary>
    public required IReadOnlyList<EvaluationInfo>? Evaluations { get; init; }

    /// <summary>Where it runs since it was merged.</summary>
    public required IReadOnlyList<DeploymentInfo> Deployments { get; init; }

    public bool Open => Pull.State == PullState.Open;

    public bool NeedsWord => Pull is { State: PullState.Open, NeedsApproval: true, Approved: false };

    public static async Task<ReviewFacts> ReadAsync(PageContext page)
    {
        var pull = await page.Muster.GetPullAsync($"{page.Value("project")}!{page.Value("number")}");
        var task = page.Muster.GetTaskAsync(pull.TaskId);
        var evidence = page.Muster.ListEvidenceAsync(pull.TaskId);
        var queue = pull.State == PullState.Queued ? page.Muster.ListMergeQueueAsync(pull.Project) : null;
        var evaluations = Proposes(pull) ? page.Muster.ListEvaluationsAsync(pull.Id, limit: 5) : null;
        var deployments = DeployedFacts.OfAsync(page.Muster, pull);
        var (diff, why) = await DiffAsync(page.Muster, pull.Id);
        return new ReviewFacts
        {
            Pull = pull,
            Task = await task,
            Contract = ContractLine.Of(await task, await evidence, [pull]),
            Evaluations = evaluations is null ? null : (await evaluations).Items,
            Deployments = await deployments,
            Diff = diff,
            NoDiff = why,
            Queued = queue is null ? null : (await queue).FirstOrDefault(q => q.TaskKey == pull.TaskKey),
            Risks = Risk.Of(pull, diff),
            Notes = NotesOf(pull),
            Drafts = LineDraft.Of(page),
        };
    }

    /// <summary>Whether it changes a role, as agents and people propose it.</summary>
    public static bool Proposes(PullInfo pull) => pull.Branch.StartsWith("proposal/", StringComparison.Ordinal);

    private static List<DiffNote> NotesOf(PullInfo pull) =>
    [
        .. from review in pull.Reviews
           from comment in review.Comments
           where comment.Path is not null
           select new DiffNote(comment.Path!, comment.Line, review.Reviewer, review.CreatedAt, review.HeadSha == pull.HeadSha ? null : review.HeadSha, comment.Text),
    ];

    private static async Task<(DiffText? Diff, string? Why)> DiffAsync(MusterClient muster, string id)
    {
        try
        {
            return (await muster.GetPullDiffAsync(id), null);
        }
        catch (MusterException refused) when (refused.StatusCode is 404 or 409)
        {
            return (null, refused.Message);
        }
    }
}
