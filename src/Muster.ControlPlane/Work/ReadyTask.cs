namespace Muster.ControlPlane.Work;

/// <summary>What must be known of a ready task to choose it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="ProjectId">Its project.</param>
/// <param name="Priority">1 to 5, the first first.</param>
/// <param name="Number">Its number in the project.</param>
/// <param name="Role">The role it is for; null for any.</param>
/// <param name="Labels">JSON text, as stored.</param>
/// <param name="CreatedAt">When it was added.</param>
/// <param name="AvoidAgentId">Who failed it last and should leave it to others for a while.</param>
/// <param name="AvoidUntil">Until when.</param>
public sealed record ReadyTask(
    string Id, string ProjectId, int Priority, int Number, string? Role, string Labels, long CreatedAt, string? AvoidAgentId = null, long AvoidUntil = 0)
{
    /// <summary>How long an agent that failed a task leaves it to others, where there are others.</summary>
    public const long AvoidMilliseconds = 10_000;

    /// <summary>Of a row that has just been made ready at <paramref name="now"/>.</summary>
    public static ReadyTask Of(TaskRow row, long now, string? avoid = null) =>
        new(row.Id, row.ProjectId, row.Priority, row.Number, row.Role, row.Labels, row.CreatedAt, avoid, avoid is null ? 0 : now + AvoidMilliseconds);
}
