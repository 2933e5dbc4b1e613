using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>A row of <c>projects</c>.</summary>
public sealed record ProjectRow
{
    public string Id { get; init; } = "";
    public string Key { get; init; } = "";
    public string Name { get; init; } = "";
    public string? Repository { get; init; }
    public string TargetBranch { get; init; } = "";
    public int LeaseSeconds { get; init; }
    public int MaxFailures { get; init; }
    public string Contract { get; init; } = "";
    public string Review { get; init; } = "";
    public bool PushBack { get; init; }
    public bool Paused { get; init; }
    public string? DeployTo { get; init; }
    public bool EpicBranches { get; init; }

    /// <summary>Whether the Chief of Staff's plans are begun at once.</summary>
    public string Approval { get; init; } = Contracts.Conversations.PlanApprovals.Plan;
    public int NextTask { get; init; }
    public int NextPull { get; init; }
    public long CreatedAt { get; init; }
    public long UpdatedAt { get; init; }

    public const string Select = "SELECT * FROM projects";

    /// <summary>By id, key or name.</summary>
    public const string Find = Select + " WHERE id = @project OR key = @projectKey OR name = @project";

    public static ProjectRow Get(StoreTransaction tx, string project) =>
        tx.QueryFirst<ProjectRow>(Find, new { project, projectKey = project.ToUpperInvariant() })
        ?? throw Refusal.NotFound("project", project);

    public ProjectInfo ToInfo() => new()
    {
        Id = Id,
        Key = Key,
        Name = Name,
        // Of before such addresses were refused.
        Repository = Repository is null ? null : RepositoryAddress.Shown(Repository),
        TargetBranch = TargetBranch,
        LeaseSeconds = LeaseSeconds,
        MaxFailures = MaxFailures,
        Contract = Contract,
        Review = Review,
        PushBack = PushBack,
        Paused = Paused,
        DeployTo = DeployTo,
        EpicBranches = EpicBranches,
        Approval = Approval,
        CreatedAt = Times.At(CreatedAt),
        UpdatedAt = Times.At(UpdatedAt),
    };
}
