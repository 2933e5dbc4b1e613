using System.Text.Json;
using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.ControlPlane.Delivery.Jobs;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Delivery.Pulls;

/// <summary>A row of <c>pulls</c>, with the names that people see.</summary>
public sealed record PullRow
{
    public string Id { get; init; } = "";
    public string ProjectId { get; init; } = "";
    public int Number { get; init; }
    public string TaskId { get; init; } = "";
    public string Title { get; init; } = "";
    public string? Body { get; init; }
    public string Branch { get; init; } = "";
    public string Base { get; init; } = "";
    public string HeadSha { get; init; } = "";
    public string State { get; init; } = "";
    public string Author { get; init; } = "";
    public bool NeedsApproval { get; init; }
    public string? ApprovalReason { get; init; }
    public string? ApprovedSha { get; init; }
    public string? ApprovedBy { get; init; }
    public string? MergeSha { get; init; }
    public bool Rehearsal { get; init; }
    public int? Additions { get; init; }
    public int? Deletions { get; init; }
    public int? FilesChanged { get; init; }
    public long CreatedAt { get; init; }
    public long UpdatedAt { get; init; }
    public long? MergedAt { get; init; }

    public string ProjectKey { get; init; } = "";
    public int TaskNumber { get; init; }

    public const string Select =
        """
        SELECT u.*, p.key AS project_key, t.number AS task_number
          FROM pulls u JOIN projects p ON p.id = u.project_id JOIN tasks t ON t.id = u.task_id
        """;

    public string TaskKey => $"{ProjectKey}-{TaskNumber}";

    public string Name => $"{ProjectKey}!{Number}";

    /// <summary>An approval counts for the head it was given for.</summary>
    public bool Approved => ApprovedSha is not null && ApprovedSha == HeadSha;

    public bool IsOpen => State is PullState.Open or PullState.Queued or PullState.ChangesRequested;

    public PullInfo ToInfo(IEnumerable<JobRow> checks, IEnumerable<ReviewRow> reviews) => new()
    {
        Id = Id,
        Number = Number,
        ProjectId = ProjectId,
        Project = ProjectKey,
        TaskId = TaskId,
        TaskKey = TaskKey,
        Title = Title,
        Body = Body,
        Branch = Branch,
        Base = Base,
        HeadSha = HeadSha,
        State = State,
        Author = Author,
        NeedsApproval = NeedsApproval,
        Approved = Approved,
        ApprovalReason = ApprovalReason,
        Checks = [.. checks.Select(c => c.ToInfo())],
        Reviews = [.. reviews.Select(r => r.ToInfo())],
        MergeSha = MergeSha,
        Rehearsal = Rehearsal,
        Additions = Additions,
        Deletions = Deletions,
        FilesChanged = FilesChanged,
        CreatedAt = Times.At(CreatedAt),
        UpdatedAt = Times.At(UpdatedAt),
        MergedAt = Times.At(MergedAt),
    };
}

/// <summary>A row of <c>reviews</c>.</summary>
public sealed record ReviewRow
{
    public string Id { get; init; } = "";
    public string PullId { get; init; } = "";
    public string Reviewer { get; init; } = "";
    public string Verdict { get; init; } = "";
    public string HeadSha { get; init; } = "";
    public string? Body { get; init; }
    public string Comments { get; init; } = "[]";
    public long CreatedAt { get; init; }

    public IReadOnlyList<ReviewComment> ReadComments() => JsonSerializer.Deserialize<ReviewComment[]>(Comments, Wire.Json) ?? [];

    public ReviewInfo ToInfo() => new()
    {
        Id = Id,
        Reviewer = Reviewer,
        Verdict = Verdict,
        HeadSha = HeadSha,
        Body = Body,
        Comments = ReadComments(),
        CreatedAt = Times.At(CreatedAt),
    };
}
