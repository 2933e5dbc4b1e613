using System.Text.Json;
using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.Contracts.Events;
using Muster.Contracts.Security;
using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Pulls;

/// <summary>A verdict on a pull request, for exactly the head that was looked at.</summary>
public static class ReviewPull
{
    private const int MaxComments = 200;

    public static ReviewInfo Run(StoreTransaction tx, string id, CreateReview request, Principal principal)
    {
        Check(request);
        var pull = PullQueries.Get(tx, id);
        if (request.Verdict != Verdicts.Comment && !principal.MaySteer)
            throw Refusal.Forbidden($"A token of scope '{principal.Scope}' may comment; approving or asking for changes takes {Scopes.Owner} or {Scopes.Maintainer}.");
        if (!pull.IsOpen) throw Refusal.WrongState($"{pull.Name} is {pull.State}; there is nothing left to review.");
        if (pull.HeadSha != request.HeadSha)
            throw new Refusal(409, ProblemCodes.HeadMoved, $"{pull.Name} is at {GitText.Brief(pull.HeadSha)} now, not at {GitText.Brief(request.HeadSha)}. Look at the new state and decide again.");

        var review = new ReviewRow
        {
            Id = Ids.New(),
            PullId = pull.Id,
            Reviewer = principal.Name,
            Verdict = request.Verdict,
            HeadSha = request.HeadSha,
            Body = request.Body,
            Comments = JsonSerializer.Serialize(request.Comments ?? [], Wire.Json),
            CreatedAt = tx.Now,
        };
        tx.ExecuteOne(
            "INSERT INTO reviews (id, pull_id, reviewer, verdict, head_sha, body, comments, created_at) VALUES (@Id, @PullId, @Reviewer, @Verdict, @HeadSha, @Body, @Comments, @CreatedAt)", review);
        var said = request.Verdict switch { Verdicts.Approve => "approved", Verdicts.RequestChanges => "asked for changes in", _ => "commented on" };
        tx.Emit(EventTypes.PullReviewed, $"{principal.Name} {said} {pull.Name}", pull.ProjectId, pull.TaskId, data: new { pullId = pull.Id, number = pull.Number, verdict = request.Verdict, headSha = pull.HeadSha });

        var task = TaskQueries.Get(tx, pull.TaskId);
        if (request.Verdict == Verdicts.Approve) Approve(tx, pull, task, principal);
        if (request.Verdict == Verdicts.RequestChanges) RequestChanges(tx, pull, task, request);
        return review.ToInfo();
    }

    private static void Approve(StoreTransaction tx, PullRow pull, TaskRow task, Principal principal)
    {
        if (pull.State == PullState.ChangesRequested || task.Status != TaskState.Review)
            throw Refusal.WrongState($"{task.Key} is being worked on again; approve {pull.Name} when the new attempt is handed in.");
        tx.ExecuteOne("UPDATE pulls SET approved_sha = head_sha, approved_by = @Name, updated_at = @Now WHERE id = @Id", new { principal.Name, tx.Now, pull.Id });
        EvidenceBook.Prove(tx, task, EvidenceKinds.Pr, pull.Name, pull.HeadSha, "approved", "person:" + principal.Name);
        tx.Notify(new ReviewMoved(task.Id));
    }

    private static void RequestChanges(StoreTransaction tx, PullRow pull, TaskRow task, CreateReview request)
    {
        if (task.Status != TaskState.Review) throw Refusal.WrongState($"{task.Key} is {task.Status.Replace('_', ' ')} and not in review, so {pull.Name} cannot be sent back now.");
        var comments = request.Comments ?? [];
        var reason = request.Body ?? (comments.Count > 0 ? comments[0].Text : null) ?? "The reviewer asked for changes.";
        PullBook.SendBack(tx, task, Outcomes.ChangesRequested, reason, blame: false);
    }

    private static void Check(CreateReview request)
    {
        var comments = request.Comments ?? [];
        var check = new Checked()
            .Require(request.Verdict is Verdicts.Approve or Verdicts.RequestChanges or Verdicts.Comment, "verdict", "verdict is approve, request_changes or comment.")
            .Require(GitText.IsCommit(request.HeadSha), "headSha", "headSha is the full commit id that you looked at.")
            .Text(request.Body, "body", 20_000, required: false)
            .Require(comments.Count <= MaxComments, "comments", $"At most {MaxComments} comments.");
        for (var i = 0; i < Math.Min(comments.Count, MaxComments); i++)
            check.Text(comments[i].Text, $"comments[{i}].text", 20_000).Line(comments[i].Path, $"comments[{i}].path", 1000, required: false);
        check.ThrowIfWrong();
    }
}
