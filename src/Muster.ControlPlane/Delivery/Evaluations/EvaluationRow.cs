using Muster.Contracts.Delivery;
using Muster.ControlPlane.Models.Ledger;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Delivery.Evaluations;

/// <summary>A row of <c>evaluations</c>, with the name of its proposal.</summary>
public sealed record EvaluationRow
{
    public const string Select =
        """
        SELECT e.*, p.key || '!' || u.number AS pull, u.project_id, u.task_id AS proposal_task
          FROM evaluations e JOIN pulls u ON u.id = e.pull_id JOIN projects p ON p.id = u.project_id
        """;

    public string Id { get; init; } = "";
    public string PullId { get; init; } = "";
    public string HeadSha { get; init; } = "";
    public string Role { get; init; } = "";
    public string BeforeText { get; init; } = "";
    public string AfterText { get; init; } = "";
    public string State { get; init; } = "";
    public long LimitNanos { get; init; }
    public long LimitTokens { get; init; }
    public string CreatedBy { get; init; } = "";
    public long CreatedAt { get; init; }
    public long? EndedAt { get; init; }
    public string? Reason { get; init; }

    public string Pull { get; init; } = "";
    public string ProjectId { get; init; } = "";
    public string ProposalTask { get; init; } = "";

    public static EvaluationRow Get(StoreTransaction tx, string id) => tx.QueryFirst<EvaluationRow>(Select + " WHERE e.id = @id", new { id = id.ToLowerInvariant() }) ?? throw Refusal.NotFound("evaluation", id);

    public EvaluationInfo ToInfo(IReadOnlyList<TrialFigures> trials) => new()
    {
        Id = Id,
        PullId = PullId,
        Pull = Pull,
        HeadSha = HeadSha,
        Role = Role,
        State = State,
        LimitUsd = Nanos.Dollars(LimitNanos),
        LimitTokens = LimitTokens,
        CreatedBy = CreatedBy,
        CreatedAt = Times.At(CreatedAt),
        EndedAt = Times.At(EndedAt),
        Reason = Reason,
        Before = Sum(trials, TrialRow.BeforeSide),
        After = Sum(trials, TrialRow.AfterSide),
        Tasks =
        [
            .. from before in trials
               join after in trials on before.Recorded equals after.Recorded
               where before.Side == TrialRow.BeforeSide && after.Side == TrialRow.AfterSide
               select new EvaluatedTask { Task = before.Recorded, BaseSha = before.BaseSha, Before = before.ToInfo(), After = after.ToInfo() },
        ],
    };

    private static EvaluationSum Sum(IReadOnlyList<TrialFigures> trials, string side)
    {
        var mine = trials.Where(t => t.Side == side).ToList();
        return new EvaluationSum
        {
            Passed = mine.Count(t => t.Outcome == TrialOutcomes.Passed),
            Checks = mine.Sum(t => t.Checks),
            ChecksPassed = mine.Sum(t => t.ChecksPassed),
            Calls = mine.Sum(t => t.Calls),
            Tokens = mine.Sum(t => t.Tokens),
            Usd = Nanos.Dollars(mine.Sum(t => t.CostNanos)),
            Seconds = mine.Sum(t => t.Milliseconds) / 1000.0,
        };
    }
}

/// <summary>A trial with what it used, from the ledger and the assignments themselves.</summary>
public sealed record TrialFigures
{
    public const string Select =
        """
        SELECT r.recorded, r.side, r.base_sha, r.outcome, r.detail, r.checks, r.checks_passed, p.key || '-' || t.number AS task_key,
               (SELECT COUNT(*) FROM model_usage m WHERE m.task_id = r.task_id) AS calls,
               (SELECT COALESCE(SUM(m.tokens_in + m.tokens_out), 0) FROM model_usage m WHERE m.task_id = r.task_id) AS tokens,
               (SELECT COALESCE(SUM(m.cost_nanos), 0) FROM model_usage m WHERE m.task_id = r.task_id) AS cost_nanos,
               (SELECT COALESCE(SUM(s.ended_at - s.started_at), 0) FROM assignments s WHERE s.task_id = r.task_id AND s.ended_at IS NOT NULL) AS milliseconds
          FROM trials r JOIN tasks t ON t.id = r.task_id JOIN projects p ON p.id = t.project_id WHERE r.evaluation_id = @id ORDER BY t.created_at, t.number
        """;

    public string Recorded { get; init; } = "";
    public string Side { get; init; } = "";
    public string BaseSha { get; init; } = "";
    public string? Outcome { get; init; }
    public string? Detail { get; init; }
    public int Checks { get; init; }
    public int ChecksPassed { get; init; }
    public string TaskKey { get; init; } = "";
    public int Calls { get; init; }
    public long Tokens { get; init; }
    public long CostNanos { get; init; }
    public long Milliseconds { get; init; }

    public TrialInfo ToInfo() => new()
    {
        Task = TaskKey,
        Outcome = Outcome,
        Detail = Detail,
        Checks = Checks,
        ChecksPassed = ChecksPassed,
        Calls = Calls,
        Tokens = Tokens,
        Usd = Nanos.Dollars(CostNanos),
        Seconds = Milliseconds / 1000.0,
    };
}
