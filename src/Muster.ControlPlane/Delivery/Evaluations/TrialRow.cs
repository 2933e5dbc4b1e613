using Muster.Contracts.Fleet;
using Muster.ControlPlane.Fleet.Roles;

namespace Muster.ControlPlane.Delivery.Evaluations;

/// <summary>A row of <c>trials</c> with the role it is carried out under.</summary>
public sealed record TrialRow
{
    public const string BeforeSide = "before";
    public const string AfterSide = "after";

    public const string ByTask =
        """
        SELECT t.*, e.role, CASE t.side WHEN 'before' THEN e.before_text ELSE e.after_text END AS role_text
          FROM trials t JOIN evaluations e ON e.id = t.evaluation_id WHERE t.task_id = @id
        """;

    public string TaskId { get; init; } = "";
    public string EvaluationId { get; init; } = "";
    public string Recorded { get; init; } = "";
    public string Side { get; init; } = "";
    public string BaseSha { get; init; } = "";
    public string? Outcome { get; init; }
    public string? Detail { get; init; }
    public int Checks { get; init; }
    public int ChecksPassed { get; init; }
    public long? EndedAt { get; init; }

    public string Role { get; init; } = "";
    public string RoleText { get; init; } = "";

    /// <summary>The role as this side has it; it was read when the evaluation was made.</summary>
    public Role ReadRole() => RoleFile.Parse(Role, RoleText, Role + ".md", RoleSources.Own);
}
