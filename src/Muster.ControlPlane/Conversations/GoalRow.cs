using System.Text.Json;
using Muster.Contracts;
using Muster.Contracts.Conversations;
using Muster.Contracts.Work;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Conversations;

/// <summary>A row of <c>goals</c>.</summary>
internal sealed record GoalRow
{
    public const string Select = "SELECT * FROM goals";

    public string Id { get; init; } = "";
    public int Number { get; init; }
    public string ConversationId { get; init; } = "";
    public string? ProjectId { get; init; }
    public string? Repository { get; init; }
    public string Request { get; init; } = "";
    public string? Title { get; init; }
    public string State { get; init; } = "";
    public string? Approval { get; init; }
    public double? BudgetUsd { get; init; }
    public string? Plan { get; init; }
    public int PlanVersion { get; init; }
    public int ApprovedVersion { get; init; }
    public int Revision { get; init; }
    public bool Wish { get; init; }
    public int Calls { get; init; }
    public int Changes { get; init; }
    public string? Waiting { get; init; }
    public string? WaitingDetail { get; init; }
    public bool WaitingOnTasks { get; init; }
    public long? RetryAt { get; init; }
    public long CreatedAt { get; init; }
    public long UpdatedAt { get; init; }
    public long? EndedAt { get; init; }

    public string Key => KeyOf(Number);

    /// <summary>Whether it waits until a model can be asked.</summary>
    public bool WaitsForModel => Waiting is GoalWaits.ProviderDown or GoalWaits.Budget or GoalWaits.ModelsOff;

    public bool Ended => EndedAt is not null;

    public static string KeyOf(int number) => $"G-{number}";

    public GoalPlan? ReadPlan() => Plan is null ? null : JsonSerializer.Deserialize<GoalPlan>(Plan, Wire.Json);

    /// <summary>By id or key.</summary>
    public static GoalRow Get(StoreTransaction tx, string idOrKey) => Find(tx, idOrKey) ?? throw Refusal.NotFound("goal", idOrKey);

    public static GoalRow? Find(StoreTransaction tx, string idOrKey)
    {
        var (sql, args) = Lookup(idOrKey);
        return tx.QueryFirst<GoalRow>(sql, args);
    }

    /// <summary>The query for what somebody called a goal.</summary>
    public static (string Sql, object Args) Lookup(string idOrKey)
    {
        var number = idOrKey.StartsWith("G-", StringComparison.OrdinalIgnoreCase) && int.TryParse(idOrKey.AsSpan(2), out var read) ? read : -1;
        return (Select + " WHERE id = @id OR number = @number", new { id = idOrKey.ToLowerInvariant(), number });
    }
}

/// <summary>A row of <c>goal_tasks</c> with what its task says.</summary>
internal sealed record GoalTask
{
    public const string Select =
        """
        SELECT gt.*, t.title, t.description, t.status, t.role, t.epoch, t.last_reason, t.percent_complete, p.key || '-' || t.number AS key, t.number AS task_number, p.key AS project_key
          FROM goal_tasks gt JOIN tasks t ON t.id = gt.task_id JOIN projects p ON p.id = t.project_id
        """;

    public string GoalId { get; init; } = "";
    public int Number { get; init; }
    public string TaskId { get; init; } = "";
    public bool Counts { get; init; }
    public int Changes { get; init; }
    public int HandledEpoch { get; init; }
    public string Title { get; init; } = "";
    public string? Description { get; init; }
    public string Status { get; init; } = "";
    public string? Role { get; init; }
    public int Epoch { get; init; }
    public string? LastReason { get; init; }
    public int PercentComplete { get; init; }
    public string Key { get; init; } = "";

    /// <summary>Whether it failed for good and nothing was done about that yet.</summary>
    public bool NeedsCare => Failed && HandledEpoch < Epoch;

    public bool Failed => Counts && (Status is TaskState.Failed or TaskState.Quarantined);

    public GoalTaskInfo ToInfo() => new() { Number = Number, Key = Key, Title = Title, Status = Status, Role = Role, Counts = Counts, LastReason = LastReason };

    public static List<GoalTask> Of(StoreTransaction tx, string goalId) => tx.Query<GoalTask>(Select + " WHERE gt.goal_id = @goalId ORDER BY gt.number", new { goalId });
}
