using System.Text.Json;
using Microsoft.Extensions.Options;
using Muster.Contracts;
using Muster.Contracts.Tools;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Tools;

/// <summary>Takes a host's word on how tests or a run ended. Said twice under the same lease, the second time changes nothing.</summary>
internal sealed class EndToolJob(ToolJobs jobs, ToolLifecycle lifecycle, ToolCalls calls, IOptions<ToolOptions> options)
{
    private const int MostDetail = 1000;
    private const long RetryMilliseconds = 5_000;

    public string Run(StoreTransaction tx, string id, string? lease, ToolJobReport report)
    {
        var job = jobs.Require(tx, id, lease);
        if (job.State is "done" or "error") return job.Id;
        if (job.State != "running") throw Refusal.LeaseLost();
        var row = ToolVersionRow.Find(tx, job.ToolId, job.Version)!;
        if (report.Error is { } error)
        {
            NotCarriedOut(tx, job, row, Cut(error));
            return job.Id;
        }

        if (report.Hash != row.Hash) throw new Refusal(409, ProblemCodes.HashMismatch, $"What was run has the hash {Refusal.Shorten(report.Hash)}, and version {row.Version} of {row.Name} has {row.Hash}.");
        if (job.Kind == ToolJobKinds.Test) lifecycle.Tested(tx, row, Results(report, row.Read()));
        else EndRun(tx, job, report.Outcome ?? throw Refusal.Invalid("outcome", "A run ends with an outcome."));
        Close(tx, job, "done", null);
        return job.Id;
    }

    private static List<ToolTestResult> Results(ToolJobReport report, ToolPackage package)
    {
        // All of them and in their order, so that no test can be left out.
        if (report.Results is not { } results || !results.Select(result => result.Name).SequenceEqual(package.Tests.Select(test => test.Name), StringComparer.Ordinal))
            throw Refusal.Invalid("results", "results has one for each test, in their order.");
        return [.. results.Select(result => result with { Detail = result.Detail is null ? null : Cut(result.Detail) })];
    }

    private void EndRun(StoreTransaction tx, ToolJobRow job, ToolOutcome outcome)
    {
        ToolCalls.Require(outcome.Outcome);
        tx.ExecuteOne("UPDATE tool_jobs SET outcome = @json WHERE id = @Id", new { json = JsonSerializer.Serialize(outcome with { Detail = outcome.Detail is null ? null : Cut(outcome.Detail) }, Wire.Json), job.Id });
        calls.End(tx, job.CallId!, new EndToolCall { Outcome = outcome.Outcome, Detail = outcome.Detail, Milliseconds = outcome.Milliseconds, OutputBytes = outcome.OutputBytes });
    }

    /// <summary>It says nothing about the tool, so another host may do better.</summary>
    private void NotCarriedOut(StoreTransaction tx, ToolJobRow job, ToolVersionRow row, string why)
    {
        if (job.Epoch < options.Value.MaxJobAttempts)
        {
            tx.ExecuteOne("UPDATE tool_jobs SET state = 'waiting', detail = @why, lease_until = NULL, not_before = @later WHERE id = @Id", new { why, later = tx.Now + (RetryMilliseconds * job.Epoch), job.Id });
            tx.Notify(new ToolJobMoved(job.Id, Waits: true));
            return;
        }

        if (job.Kind == ToolJobKinds.Test) lifecycle.NotTestable(tx, row, why);
        else EndRun(tx, job, new ToolOutcome { Outcome = ToolOutcomes.Refused, Detail = why });
        Close(tx, job, "error", why);
    }

    private static void Close(StoreTransaction tx, ToolJobRow job, string state, string? detail)
    {
        tx.ExecuteOne("UPDATE tool_jobs SET state = @state, detail = @detail, input = NULL, lease_until = NULL, ended_at = @Now WHERE id = @Id AND state = 'running'", new { state, detail, tx.Now, job.Id });
        tx.Notify(new ToolJobMoved(job.Id, Waits: false));
    }

    private static string Cut(string text) => text.Length <= MostDetail ? text : text[..(MostDetail - 3)] + "...";
}
