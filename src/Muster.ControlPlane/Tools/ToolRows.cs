using System.Text.Json;
using Muster.Contracts;
using Muster.Contracts.Tools;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Tools;

/// <summary>A row of <c>tools</c>: what its newest version says, and which version agents have.</summary>
internal sealed record ToolRow
{
    public string Id { get; init; } = "";
    public string Name { get; init; } = "";
    public string Description { get; init; } = "";
    public string? InputSchema { get; init; }
    public string? Source { get; init; }
    public string Status { get; init; } = "";
    public int Version { get; init; }
    public string? Hash { get; init; }
    public string? Reason { get; init; }
    public int? ApprovedVersion { get; init; }
    public string? CreatedBy { get; init; }
    public long CreatedAt { get; init; }
    public long UpdatedAt { get; init; }

    public const string ByIdOrName = "SELECT * FROM tools WHERE id = @id OR name = @id";

    public static ToolRow Get(StoreTransaction tx, string id) => tx.QueryFirst<ToolRow>(ByIdOrName, new { id }) ?? throw Refusal.NotFound("tool", id);

    public ToolInfo ToInfo() => new()
    {
        Id = Id,
        Name = Name,
        Description = Description,
        InputSchema = InputSchema is null ? null : JsonSerializer.Deserialize<JsonElement>(InputSchema),
        Source = Source,
        // Nothing ran those from before tools had tests, so what was said of them says nothing.
        Status = Hash is null ? ToolStates.Draft : Status,
        Version = Version,
        Hash = Hash,
        Reason = Hash is null ? "It was added before tools had tests. Add it anew with its tests." : Reason,
        ApprovedVersion = ApprovedVersion,
        CreatedBy = CreatedBy,
        CreatedAt = Times.At(CreatedAt),
        UpdatedAt = Times.At(UpdatedAt),
    };
}

/// <summary>A row of <c>tool_versions</c>.</summary>
internal sealed record ToolVersionRow
{
    public string ToolId { get; init; } = "";
    public int Version { get; init; }
    public string Hash { get; init; } = "";
    public string Package { get; init; } = "";
    public string Findings { get; init; } = "[]";
    public string Status { get; init; } = "";
    public string? Reason { get; init; }
    public string? Results { get; init; }
    public string? CreatedBy { get; init; }
    public string? TaskId { get; init; }
    public string? AssignmentId { get; init; }
    public string? ApprovedBy { get; init; }
    public int Failures { get; init; }
    public long CreatedAt { get; init; }
    public long? TestedAt { get; init; }
    public long? ApprovedAt { get; init; }
    public long? RetiredAt { get; init; }

    public string Name { get; init; } = "";
    public string? ProjectId { get; init; }
    public string? TaskKey { get; init; }
    public bool Testing { get; init; }

    public const string Select =
        """
        SELECT v.*, t.name, k.project_id, p.key || '-' || k.number AS task_key,
               EXISTS (SELECT 1 FROM tool_jobs j WHERE j.tool_id = v.tool_id AND j.version = v.version AND j.kind = 'test' AND j.state IN ('waiting', 'running')) AS testing
          FROM tool_versions v JOIN tools t ON t.id = v.tool_id LEFT JOIN tasks k ON k.id = v.task_id LEFT JOIN projects p ON p.id = k.project_id
        """;

    public const string One = Select + " WHERE v.tool_id = @toolId AND v.version = @version";

    public static ToolVersionRow? Find(StoreTransaction tx, string toolId, int version) => tx.QueryFirst<ToolVersionRow>(One, new { toolId, version });

    public static ToolVersionRow Get(StoreTransaction tx, ToolRow tool, int version) =>
        Find(tx, tool.Id, version) ?? throw Refusal.NotFound("version of the tool", $"{tool.Name} {version}");

    public ToolPackage Read() => JsonSerializer.Deserialize<ToolPackage>(Package, Wire.Json)!;

    public IReadOnlyList<ToolFinding> ReadFindings() => JsonSerializer.Deserialize<List<ToolFinding>>(Findings, Wire.Json)!;

    /// <summary>Whether what is stored still is what was hashed when it came.</summary>
    public bool IsWhole => ToolHash.Of(Read()) == Hash;

    public ToolVersionInfo ToInfo() => new()
    {
        ToolId = ToolId,
        Name = Name,
        Version = Version,
        Status = Status,
        Reason = Reason,
        Hash = Hash,
        Package = Read(),
        Findings = ReadFindings(),
        Results = Results is null ? null : JsonSerializer.Deserialize<List<ToolTestResult>>(Results, Wire.Json),
        Testing = Testing,
        CreatedBy = CreatedBy,
        TaskKey = TaskKey,
        ApprovedBy = ApprovedBy,
        CreatedAt = Times.At(CreatedAt),
        TestedAt = Times.At(TestedAt),
        ApprovedAt = Times.At(ApprovedAt),
        RetiredAt = Times.At(RetiredAt),
    };
}

/// <summary>A row of <c>tool_jobs</c>.</summary>
internal sealed record ToolJobRow
{
    public string Id { get; init; } = "";
    public string Kind { get; init; } = "";
    public string State { get; init; } = "";
    public string ToolId { get; init; } = "";
    public int Version { get; init; }
    public string? CallId { get; init; }
    public string? Input { get; init; }
    public string? Outcome { get; init; }
    public string? Detail { get; init; }
    public string? HostId { get; init; }
    public long CreatedAt { get; init; }
    public int Epoch { get; init; }
    public long? LeaseUntil { get; init; }

    public static ToolJobRow? Find(StoreTransaction tx, string id) => tx.QueryFirst<ToolJobRow>("SELECT * FROM tool_jobs WHERE id = @id", new { id });
}

/// <summary>A row of <c>tool_calls</c>.</summary>
internal sealed record ToolCallRow
{
    public string Id { get; init; } = "";
    public string ToolId { get; init; } = "";
    public string Tool { get; init; } = "";
    public int Version { get; init; }
    public string Hash { get; init; } = "";
    public string? TaskId { get; init; }
    public string? AssignmentId { get; init; }
    public string? AgentId { get; init; }
    public string Caller { get; init; } = "";
    public string Outcome { get; init; } = "";
    public string? Detail { get; init; }
    public int? Milliseconds { get; init; }
    public int InputBytes { get; init; }
    public int? OutputBytes { get; init; }
    public long StartedAt { get; init; }
    public long? EndedAt { get; init; }

    public string? TaskKey { get; init; }
    public bool IsOver { get; init; }

    /// <summary>What nobody ended although its attempt is over was left alone.</summary>
    public const string Select =
        """
        SELECT c.*, p.key || '-' || k.number AS task_key, CASE WHEN c.assignment_id IS NOT NULL AND COALESCE(s.status, '') <> 'active' THEN 1 ELSE 0 END AS is_over
          FROM tool_calls c LEFT JOIN tasks k ON k.id = c.task_id LEFT JOIN projects p ON p.id = k.project_id LEFT JOIN assignments s ON s.id = c.assignment_id
        """;

    public ToolCallInfo ToInfo() => new()
    {
        Id = Id,
        Tool = Tool,
        Version = Version,
        Hash = Hash,
        TaskKey = TaskKey,
        AssignmentId = AssignmentId,
        Caller = Caller,
        Outcome = Outcome == ToolOutcomes.Running && IsOver ? ToolOutcomes.Abandoned : Outcome,
        Detail = Detail,
        Milliseconds = Milliseconds,
        InputBytes = InputBytes,
        OutputBytes = OutputBytes,
        StartedAt = Times.At(StartedAt),
        EndedAt = Times.At(EndedAt),
    };
}
