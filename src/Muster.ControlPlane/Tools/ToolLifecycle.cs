using System.Text.Json;
using Microsoft.Extensions.Options;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Tools;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Tools;

/// <summary>
/// Moves versions of tools from state to state, inside a transaction: <c>draft -> tested -> approved -> retired</c>. What a
/// version is made of never changes; whatever is changed becomes a new draft.
/// </summary>
internal sealed class ToolLifecycle(IOptions<ToolOptions> options)
{
    private readonly ToolOptions _options = options.Value;

    /// <summary>Adds a version and has its tests run.</summary>
    /// <param name="tx">Where it is written.</param>
    /// <param name="before">The tool, when there is one of that name.</param>
    /// <param name="package">Already checked.</param>
    /// <param name="by">Who made it.</param>
    /// <param name="task">On which it was made, by its current attempt.</param>
    public ToolRow Draft(StoreTransaction tx, ToolRow? before, ToolPackage package, string by, TaskRow? task)
    {
        var hash = ToolHash.Of(package);
        if (before is null && tx.QueryFirst<int>("SELECT COUNT(*) FROM tools") >= _options.MaxTools) throw Refusal.Conflict($"There are {_options.MaxTools} tools already; delete one that nobody needs.");
        if (before is not null && tx.QueryFirst<int?>("SELECT version FROM tool_versions WHERE tool_id = @Id AND hash = @hash", new { before.Id, hash }) is { } same)
            throw new Refusal(409, ProblemCodes.Duplicate, $"Version {same} of {before.Name} is exactly this.");
        if (task is not null && tx.QueryFirst<int>("SELECT COUNT(*) FROM tool_versions WHERE assignment_id = @AssignmentId", new { task.AssignmentId }) >= _options.MaxVersionsOfAttempt)
            throw Refusal.WrongState($"This attempt has made {_options.MaxVersionsOfAttempt} versions of tools, which is the most one may.");
        var row = new ToolRow
        {
            Id = before?.Id ?? Ids.New(),
            Name = package.Manifest.Name,
            Description = package.Manifest.Description,
            InputSchema = package.Manifest.InputSchema.GetRawText(),
            Source = package.Source,
            Status = ToolStates.Draft,
            Version = (before?.Version ?? 0) + 1,
            CreatedBy = by,
            CreatedAt = tx.Now,
            UpdatedAt = tx.Now,
        };
        if (before is null)
            tx.ExecuteOne("INSERT INTO tools (id, name, description, input_schema, source, status, version, created_by, created_at, updated_at) VALUES (@Id, @Name, @Description, @InputSchema, @Source, @Status, @Version, @CreatedBy, @CreatedAt, @UpdatedAt)", row);
        else
            tx.ExecuteOne("UPDATE tools SET description = @Description, input_schema = @InputSchema, source = @Source, version = @Version WHERE id = @Id", row);
        tx.ExecuteOne(
            """
            INSERT INTO tool_versions (tool_id, version, hash, package, findings, status, reason, created_by, task_id, assignment_id, created_at)
            VALUES (@Id, @Version, @hash, @package, @findings, 'draft', @reason, @by, @taskId, @assignmentId, @Now)
            """,
            new { row.Id, row.Version, hash, package = JsonSerializer.Serialize(package, Wire.Json), findings = JsonSerializer.Serialize(SourceScan.Of(package), Wire.Json), reason = Waiting, by, taskId = task?.Id, assignmentId = task?.AssignmentId, tx.Now });
        ToolJobs.OrderTest(tx, row.Id, row.Version);
        tx.Emit(before is null ? EventTypes.ToolCreated : EventTypes.ToolUpdated, $"{by} made {row.Name} version {row.Version}, a draft; its tests wait for a host", task?.ProjectId, task?.Id, task?.AgentId,
            new { tool = row.Name, version = row.Version, hash });
        return Follow(tx, row.Id);
    }

    /// <summary>Has the tests of a version run once more.</summary>
    public ToolRow TestAgain(StoreTransaction tx, ToolRow tool, int version)
    {
        var row = ToolVersionRow.Get(tx, tool, version);
        if (row.Status == ToolStates.Retired) throw Refusal.WrongState($"Version {version} of {tool.Name} is retired; make a new one.");
        if (!row.Testing) ToolJobs.OrderTest(tx, tool.Id, version);
        if (row.Status == ToolStates.Draft) Set(tx, row, ToolStates.Draft, Waiting);
        return Follow(tx, tool.Id);
    }

    /// <summary>The tests of a version ended on a host.</summary>
    public void Tested(StoreTransaction tx, ToolVersionRow row, IReadOnlyList<ToolTestResult> results)
    {
        var failed = results.FirstOrDefault(result => !result.Passed);
        tx.ExecuteOne("UPDATE tool_versions SET results = @results, tested_at = @Now WHERE tool_id = @ToolId AND version = @Version", new { results = JsonSerializer.Serialize(results, Wire.Json), tx.Now, row.ToolId, row.Version });
        var say = failed is null ? $"its {results.Count} tests passed" : $"its test '{failed.Name}' failed: {failed.Detail}";
        Tell(tx, EventTypes.ToolTested, row, $"{row.Name} version {row.Version}: {say}", new { tool = row.Name, version = row.Version, passed = failed is null });
        switch (row.Status, failed)
        {
            case (ToolStates.Approved, not null):
                Pull(tx, row, ToolStates.Retired, $"Its tests failed when they were run again: '{failed.Name}': {failed.Detail}");
                break;
            case (ToolStates.Tested, not null) or (ToolStates.Draft, not null):
                Set(tx, row, ToolStates.Draft, $"Its test '{failed.Name}' failed: {failed.Detail}");
                break;
            case (ToolStates.Draft, null):
                Promote(tx, row);
                break;
        }

        Follow(tx, row.ToolId);
    }

    /// <summary>A person's yes, to exactly the version with this hash.</summary>
    public ToolRow Approve(StoreTransaction tx, ToolRow tool, int version, string hash, string by, string? reason)
    {
        // On a store that several planes share: whoever decides about the same tool waits here.
        tx.ExecuteOne("UPDATE tools SET updated_at = @Now WHERE id = @Id", new { tx.Now, tool.Id });
        var row = ToolVersionRow.Get(tx, tool, version);
        if (row.Hash != hash || !row.IsWhole) throw new Refusal(409, ProblemCodes.HashMismatch, $"Version {version} of {tool.Name} has the hash {row.Hash}, not the one you looked at. Look at it again: muster tool show {tool.Name}.");
        if (row.Status == ToolStates.Approved) return tool;
        if (row.Status != ToolStates.Tested)
            throw Refusal.WrongState(row.Status == ToolStates.Draft ? $"Version {version} of {tool.Name} is a draft: {row.Reason} Only what passed its tests can be approved." : $"Version {version} of {tool.Name} is {row.Status}; make a new one.");
        Approved(tx, row, by, reason);
        return Follow(tx, tool.Id);
    }

    public ToolRow Retire(StoreTransaction tx, ToolRow tool, int? version, string by, string? reason)
    {
        var rows = tx.Query<ToolVersionRow>(ToolVersionRow.Select + " WHERE v.tool_id = @Id AND (@version IS NULL OR v.version = @version)", new { tool.Id, version });
        if (rows.Count == 0) throw Refusal.NotFound("version of the tool", $"{tool.Name} {version}");
        foreach (var row in rows.Where(row => row.Status != ToolStates.Retired))
        {
            Set(tx, row, ToolStates.Retired, $"{by} retired it{(reason is null ? "." : $": {reason}")}");
            Tell(tx, EventTypes.ToolRetired, row, $"{by} retired {row.Name} version {row.Version}{(reason is null ? "" : $": {reason}")}", new { tool = row.Name, version = row.Version });
        }

        return Follow(tx, tool.Id);
    }

    /// <summary>Counts how a call ended. A tool that fails again and again is taken from agents.</summary>
    public void Counted(StoreTransaction tx, ToolCallRow call, string outcome, string? detail)
    {
        var row = ToolVersionRow.Find(tx, call.ToolId, call.Version);
        if (row is null || row.Status != ToolStates.Approved || !(ToolOutcomes.IsFault(outcome) || outcome == ToolOutcomes.Ok)) return;
        var failures = outcome == ToolOutcomes.Ok ? 0 : row.Failures + 1;
        if (failures != row.Failures) tx.ExecuteOne("UPDATE tool_versions SET failures = @failures WHERE tool_id = @ToolId AND version = @Version", new { failures, row.ToolId, row.Version });
        if (failures < _options.PullAfter) return;
        Pull(tx, row, ToolStates.Tested, $"Its last {failures} calls failed, at last: {detail ?? outcome}");
        Follow(tx, row.ToolId);
    }

    /// <summary>What is stored of an approved version is not what was approved.</summary>
    public void Tampered(StoreTransaction tx, ToolVersionRow row)
    {
        Pull(tx, row, ToolStates.Retired, "What is stored of it is not what was approved: its hash is another.");
        Follow(tx, row.ToolId);
    }

    /// <summary>Its tests could not be run on any host.</summary>
    public void NotTestable(StoreTransaction tx, ToolVersionRow row, string why)
    {
        if (row.Status == ToolStates.Draft) Set(tx, row, ToolStates.Draft, $"Its tests could not be run: {why}");
        Tell(tx, EventTypes.ToolTested, row, $"The tests of {row.Name} version {row.Version} could not be run: {why}", new { tool = row.Name, version = row.Version, passed = (bool?)null });
        Follow(tx, row.ToolId);
    }

    private const string Waiting = "Its tests wait for a host with a sandbox (bubblewrap).";

    private void Promote(StoreTransaction tx, ToolVersionRow row)
    {
        var former = tx.QueryFirst<string>("SELECT approved_by FROM tool_versions WHERE tool_id = @ToolId AND approved_by IS NOT NULL ORDER BY approved_at DESC LIMIT 1", new { row.ToolId });
        var (byItself, why) = Promotion.Decide(_options.Approve, row.Read().Manifest.Permissions, row.ReadFindings(), former);
        if (byItself) Approved(tx, row, Promotion.Policy, why);
        else Set(tx, row, ToolStates.Tested, why);
    }

    private static void Approved(StoreTransaction tx, ToolVersionRow row, string by, string? reason)
    {
        foreach (var former in tx.Query<ToolVersionRow>(ToolVersionRow.Select + " WHERE v.tool_id = @ToolId AND v.status = 'approved'", new { row.ToolId })) Set(tx, former, ToolStates.Retired, $"Version {row.Version} took its place.");
        tx.ExecuteOne("UPDATE tool_versions SET status = 'approved', reason = @reason, approved_by = @by, approved_at = @Now, failures = 0 WHERE tool_id = @ToolId AND version = @Version AND status IN ('draft', 'tested')",
            new { reason, by, tx.Now, row.ToolId, row.Version });
        Tell(tx, EventTypes.ToolApproved, row, $"{row.Name} version {row.Version} was approved by {by}{(reason is null ? "" : $": {reason}")}", new { tool = row.Name, version = row.Version, hash = row.Hash, by });
    }

    private static void Pull(StoreTransaction tx, ToolVersionRow row, string to, string reason)
    {
        Set(tx, row, to, reason);
        Tell(tx, EventTypes.ToolPulled, row, $"{row.Name} version {row.Version} was taken from agents. {reason}", new { tool = row.Name, version = row.Version, state = to, reason });
    }

    private static void Set(StoreTransaction tx, ToolVersionRow row, string status, string? reason) => tx.ExecuteOne(
        "UPDATE tool_versions SET status = @status, reason = @reason, retired_at = CASE WHEN @status = 'retired' THEN @Now ELSE NULL END WHERE tool_id = @ToolId AND version = @Version",
        new { status, reason = reason is { Length: > 2000 } ? reason[..2000] : reason, tx.Now, row.ToolId, row.Version });

    private static void Tell(StoreTransaction tx, string type, ToolVersionRow row, string text, object data) => tx.Emit(type, text, row.ProjectId, row.TaskId, data: data);

    /// <summary>The row of the tool says what its newest version says.</summary>
    private static ToolRow Follow(StoreTransaction tx, string toolId)
    {
        tx.ExecuteOne(
            """
            UPDATE tools SET updated_at = @Now,
                   status = (SELECT v.status FROM tool_versions v WHERE v.tool_id = tools.id AND v.version = tools.version),
                   hash = (SELECT v.hash FROM tool_versions v WHERE v.tool_id = tools.id AND v.version = tools.version),
                   reason = (SELECT v.reason FROM tool_versions v WHERE v.tool_id = tools.id AND v.version = tools.version),
                   approved_version = (SELECT v.version FROM tool_versions v WHERE v.tool_id = tools.id AND v.status = 'approved')
             WHERE id = @toolId
            """, new { tx.Now, toolId });
        return tx.QueryFirst<ToolRow>("SELECT * FROM tools WHERE id = @toolId", new { toolId })!;
    }
}

/// <summary>Whether a version whose tests passed is approved by itself.</summary>
internal static class Promotion
{
    /// <summary>Stands where else the name of a person does.</summary>
    public const string Policy = "policy";

    /// <param name="policy">One of those of <see cref="ToolOptions"/>.</param>
    /// <param name="permissions">What it asks for.</param>
    /// <param name="findings">What its source seems to touch.</param>
    /// <param name="former">Who approved the version before; null when there was none.</param>
    public static (bool ByItself, string Why) Decide(string policy, ToolPermissions permissions, IReadOnlyList<ToolFinding> findings, string? former)
    {
        if (policy == ToolOptions.Person) return (false, "Its tests passed; a person approves it.");
        if (!ToolPermissions.IsNone(permissions)) return (false, "Its tests passed. It asks for permissions, so a person approves it.");
        // What a person once looked at is not replaced by what nobody looked at.
        if (former is not null and not Policy) return (false, $"Its tests passed. {former} approved a version of it before, so a person approves this one.");
        if (findings.FirstOrDefault(finding => !finding.Declared) is { } odd) return (false, $"Its tests passed. Its source seems to touch what it does not ask for ({odd.Kind}: {odd.What}, line {odd.Line}), so a person approves it.");
        return (true, "It asks for nothing, and its tests passed.");
    }
}
