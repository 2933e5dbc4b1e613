using Muster.Contracts;
using Muster.Contracts.Tools;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Tools;

/// <summary>Leave to run an approved tool once, asked before each call and recorded with what came of it.</summary>
internal sealed class ToolCalls(ToolLifecycle lifecycle)
{
    private const int MostDetail = 1000;

    public static void Require(string outcome) =>
        new Checked().Require(ToolOutcomes.Ends.Contains(outcome), "outcome", $"outcome is one of {string.Join(", ", ToolOutcomes.Ends)}.").ThrowIfWrong();

    /// <summary>Begins a call of the version that is approved now.</summary>
    /// <returns>The call, or the tampered version that must not be run: then nothing else was written but that it was pulled.</returns>
    public (ToolCallRow? Call, ToolVersionRow? Tampered) Start(StoreTransaction tx, ToolRow tool, string? hash, int inputBytes, TaskRow? task, string caller)
    {
        if (tool.ApprovedVersion is not { } version)
            throw new Refusal(409, ProblemCodes.ToolNotApproved, $"No version of {tool.Name} is approved: {tool.Reason ?? "it is " + tool.Status + "."} It cannot be called.");
        var row = ToolVersionRow.Get(tx, tool, version);
        if (hash is not null && hash != row.Hash) throw new Refusal(409, ProblemCodes.ToolNotApproved, $"Another version of {tool.Name} is approved by now: {version}. Read the list of tools again.");
        if (!row.IsWhole)
        {
            lifecycle.Tampered(tx, row);
            return (null, row);
        }

        var call = new ToolCallRow
        {
            Id = Ids.New(),
            ToolId = tool.Id,
            Tool = tool.Name,
            Version = version,
            Hash = row.Hash,
            TaskId = task?.Id,
            AssignmentId = task?.AssignmentId,
            AgentId = task?.AgentId,
            Caller = caller,
            Outcome = ToolOutcomes.Running,
            InputBytes = inputBytes,
            StartedAt = tx.Now,
        };
        tx.ExecuteOne(
            """
            INSERT INTO tool_calls (id, tool_id, tool, version, hash, task_id, assignment_id, agent_id, caller, outcome, input_bytes, started_at)
            VALUES (@Id, @ToolId, @Tool, @Version, @Hash, @TaskId, @AssignmentId, @AgentId, @Caller, @Outcome, @InputBytes, @StartedAt)
            """, call);
        return (call, null);
    }

    public static Refusal TamperedWith(ToolVersionRow row) =>
        new(409, ProblemCodes.HashMismatch, $"What is stored of {row.Name} version {row.Version} is not what was approved. It was retired; make a new version.");

    /// <summary>Ends a call, once.</summary>
    public void End(StoreTransaction tx, string callId, EndToolCall end)
    {
        var call = tx.QueryFirst<ToolCallRow>("SELECT * FROM tool_calls WHERE id = @callId", new { callId }) ?? throw Refusal.NotFound("call of a tool", callId);
        if (call.Outcome != ToolOutcomes.Running) return;
        var detail = end.Detail is { Length: > MostDetail } ? end.Detail[..(MostDetail - 3)] + "..." : end.Detail;
        tx.ExecuteOne("UPDATE tool_calls SET outcome = @Outcome, detail = @detail, milliseconds = @Milliseconds, output_bytes = @OutputBytes, ended_at = @Now WHERE id = @callId AND outcome = 'running'",
            new { end.Outcome, detail, end.Milliseconds, end.OutputBytes, tx.Now, callId });
        lifecycle.Counted(tx, call, end.Outcome, detail);
    }
}
