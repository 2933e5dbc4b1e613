using System.Globalization;
using Muster.Contracts.Conversations;
using Muster.Contracts.Delivery;
using Muster.Contracts.Models;
using Muster.Contracts.Work;
using Muster.Dashboard.Hosting;
using Muster.Dashboard.Kit.Diffs;

namespace Muster.Dashboard.Today;

/// <summary>What waits for a person's word: pull requests and plans. Each word names what was looked at, and counts for nothing else.</summary>
internal static class DecisionForms
{
    public static IReadOnlyList<FormRoute> All { get; } =
    [
        new("/reviews/{id}/approve", call => ReviewAsync(call, Verdicts.Approve, call.Text("body"), "approved")),
        new("/reviews/{id}/changes", ChangesAsync),
        new("/reviews/{id}/evaluate", EvaluateAsync),
        new("/evaluations/{id}/cancel", async call => $"The evaluation of {(await call.Page.Muster.CancelEvaluationAsync(call.Value("id"), ct: call.Stop)).Pull} is stopped"),
        new("/queue/{id}/remove", RemoveAsync),
        new("/goals/{key}/approve", ApproveAsync),
        new("/goals/{key}/reject", async call => $"{(await call.Page.Muster.RejectGoalAsync(call.Value("key"), new Reason { Text = call.Text("reason") }, ct: call.Stop)).Key} is rejected"),
        new("/goals/{key}/answer", AnswerAsync),
        new("/budgets/{id}/raise", RaiseAsync),
        new("/deployments/again", async call => $"{(await call.Page.Muster.CreateDeploymentAsync(new CreateDeployment { Project = call.Required("project", "The form names no project; load the page anew."), Environment = call.Required("environment", "The form names no environment; load the page anew."), Revision = call.Text("sha") }, ct: call.Stop)).Project} is deployed again"),
        new("/goals/{key}/cancel", async call => $"{(await call.Page.Muster.CancelGoalAsync(call.Value("key"), new Reason { Text = call.Text("reason") }, ct: call.Stop)).Key} is given up"),
    ];

    private static Task<string> ChangesAsync(FormCall call)
    {
        var comments = Comments(call);
        return ReviewAsync(call, Verdicts.RequestChanges, comments.Count > 0 ? call.Text("body") : call.Required("body", "Say what is to change; the agent gets it with its next attempt."), "sent back", comments);
    }

    private static async Task<string> ReviewAsync(FormCall call, string verdict, string? body, string done, IReadOnlyList<ReviewComment>? comments = null)
    {
        var pull = await call.Page.Muster.CreateReviewAsync(call.Value("id"), new CreateReview { Verdict = verdict, HeadSha = call.Required("head", "The form names no commit; load the page anew."), Body = body, Comments = comments }, ct: call.Stop);
        return $"{pull.Project}!{pull.Number} is {done}";
    }

    /// <summary>What was written at lines; a line that was opened and left empty says nothing.</summary>
    private static List<ReviewComment> Comments(FormCall call) =>
    [
        .. LineDraft.Sent(call.Form.Select(f => KeyValuePair.Create(f.Key, f.Value.ToString().Trim()))).Where(d => d.Text is { Length: > 0 }).Take(LineDraft.Most)
            .Select(d => new ReviewComment { Path = d.Path, Line = d.Line, Text = d.Text! }),
    ];

    private static async Task<string> EvaluateAsync(FormCall call)
    {
        var made = await call.Page.Muster.CreateEvaluationAsync(call.Value("id"), new CreateEvaluation { Last = call.Number<int>("last"), LimitUsd = call.Number<double>("limitUsd") }, ct: call.Stop);
        return $"{made.Role} does {Kit.Words.Count(made.Tasks.Count, "recorded task")} anew, as it is and as proposed, for at most {Kit.Words.Money(made.LimitUsd)}";
    }

    private static async Task<string> RaiseAsync(FormCall call)
    {
        var limit = double.TryParse(call.Text("limit"), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : throw new FormException("limit", "A limit is a number above 0.");
        var wanted = call.Text("of") switch
        {
            "tokens" => new UpdateBudget { LimitTokens = (long)limit },
            "calls" => new UpdateBudget { LimitCalls = (long)limit },
            _ => new UpdateBudget { LimitUsd = limit },
        };
        var budget = await call.Page.Muster.UpdateBudgetAsync(call.Value("id"), wanted, ct: call.Stop);
        return $"The limit is changed: {SpendCard.Used(budget)} used";
    }

    private static async Task<string> RemoveAsync(FormCall call)
    {
        await call.Page.Muster.RemoveFromMergeQueueAsync(call.Value("id"), ct: call.Stop);
        return "Taken out of the merge queue";
    }

    private static async Task<string> ApproveAsync(FormCall call)
    {
        var version = int.TryParse(call.Text("version"), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new FormException("version", "The form names no plan; load the page anew.");
        var answers = Answers(call);
        if (answers.Count > 0)
        {
            var answered = await call.Page.Muster.AnswerGoalAsync(call.Value("key"), new AnswerGoal { Answers = answers }, ct: call.Stop);
            // Another answer than the plan assumes makes another plan, which nobody has looked at yet.
            if (answered.State != GoalState.WaitingApproval || answered.PlanVersion != version) return $"{answered.Key} is planned anew with your answers; look at it once more";
        }

        var goal = await call.Page.Muster.ApproveGoalAsync(call.Value("key"), new ApproveGoal { PlanVersion = version }, ct: call.Stop);
        return $"{goal.Key} has begun";
    }

    private static async Task<string> AnswerAsync(FormCall call)
    {
        var answers = Answers(call);
        if (answers.Count == 0) throw new FormException("answer1", "Answer at least one question.");
        var goal = await call.Page.Muster.AnswerGoalAsync(call.Value("key"), new AnswerGoal { Answers = answers }, ct: call.Stop);
        return $"{goal.Key} has your answers";
    }

    private static List<QuestionAnswer> Answers(FormCall call) =>
    [
        .. call.Form.Keys.Where(k => k.StartsWith("answer", StringComparison.Ordinal) && int.TryParse(k.AsSpan("answer".Length), out _))
            .Select(k => (Number: int.Parse(k.AsSpan("answer".Length), CultureInfo.InvariantCulture), Text: call.Text(k))).Where(a => a.Text is not null)
            .Select(a => new QuestionAnswer { Question = a.Number, Text = a.Text! }),
    ];
}
