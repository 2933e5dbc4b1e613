using System.Text.Json;
using Muster.Contracts;
using Muster.Contracts.Security;
using Muster.Contracts.Tools;
using Muster.ControlPlane.Delivery;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Tools;

/// <summary>A call for whoever has no sandbox at hand: a host runs the tool, and the caller waits for what comes of it.</summary>
internal sealed class RunToolOnce
{
    private const int MostInput = 1_000_000;

    private readonly Store _store;
    private readonly ToolCalls _calls;
    private readonly TimeProvider _time;
    private readonly Pulse _ended = new();

    public RunToolOnce(Store store, ToolCalls calls, TimeProvider time)
    {
        (_store, _calls, _time) = (store, calls, time);
        store.Listen(committed =>
        {
            if (committed.Signals.Any(signal => signal is ToolJobMoved { Waits: false } or LookAgain)) _ended.Beat();
        });
    }

    public async Task<ToolOutcome> RunAsync(string id, RunTool body, Principal principal, string? lease, CancellationToken ct)
    {
        new Checked()
            .Require(body.WaitSeconds is >= 1 and <= 120, "waitSeconds", "waitSeconds is 1 to 120.")
            .Require(body.Input.ValueKind == JsonValueKind.Object && body.Input.GetRawText().Length <= MostInput, "input", $"input is an object of at most {MostInput} characters.")
            .ThrowIfWrong();
        var (job, outcome) = await _store.WriteAsync(tx => Begin(tx, id, body.Input, principal, lease), ct);
        if (outcome is not null) return outcome;
        var started = _time.GetTimestamp();
        while (true)
        {
            var beat = _ended.Next;
            var left = TimeSpan.FromSeconds(body.WaitSeconds) - _time.GetElapsedTime(started);
            if (await _store.WriteAsync(tx => Ended(tx, job!, giveUp: left <= TimeSpan.Zero), ct) is { } end) return end;
            await Pulse.WaitAsync(beat, left, _time, ct);
        }
    }

    private (string? Job, ToolOutcome? Outcome) Begin(StoreTransaction tx, string id, JsonElement input, Principal principal, string? lease)
    {
        var task = principal.Scope == Scopes.Agent || lease is not null ? Leases.Require(tx, _store, lease) : null;
        var tool = ToolRow.Get(tx, id);
        var text = input.GetRawText();
        var (call, tampered) = _calls.Start(tx, tool, null, text.Length, task, task?.AgentName ?? principal.Name);
        if (call is null) return (null, new ToolOutcome { Outcome = ToolOutcomes.Refused, Detail = ToolCalls.TamperedWith(tampered!).Message });
        var manifest = ToolVersionRow.Get(tx, tool, call.Version).Read().Manifest;
        if (manifest.Permissions.Files != ToolFiles.None) throw Refusal.WrongState($"{tool.Name} works on the files of an attempt, so only an agent can call it, in its attempt.");
        if (JsonShape.WhyNot(manifest.InputSchema, input) is not { } wrong) return (ToolJobs.Order(tx, ToolJobKinds.Run, tool.Id, call.Version, call.Id, text), null);
        var outcome = new ToolOutcome { Outcome = ToolOutcomes.BadInput, Detail = $"The input is not what {tool.Name} asks for: {wrong}." };
        _calls.End(tx, call.Id, new EndToolCall { Outcome = outcome.Outcome, Detail = outcome.Detail });
        return (null, outcome);
    }

    private ToolOutcome? Ended(StoreTransaction tx, string jobId, bool giveUp)
    {
        var job = ToolJobRow.Find(tx, jobId) ?? throw Refusal.NotFound("job of a tool", jobId);
        if (job.Outcome is { } json) return JsonSerializer.Deserialize<ToolOutcome>(json, Wire.Json)!;
        if (job.State is "waiting" or "running" && !giveUp) return null;
        tx.Execute("UPDATE tool_jobs SET state = 'cancelled', input = NULL, lease_until = NULL, ended_at = @Now WHERE id = @Id AND state IN ('waiting', 'running')", new { tx.Now, job.Id });
        var why = job.State switch
        {
            "waiting" => $"No host with a sandbox took it in time{(job.Detail is null ? "" : $" ({job.Detail})")}. Tools run in bubblewrap on a host: apt install bubblewrap, and see muster doctor there.",
            "running" => "A host runs it still, longer than you wait.",
            _ => job.Detail ?? "It could not be carried out.",
        };
        _calls.End(tx, job.CallId!, new EndToolCall { Outcome = ToolOutcomes.Abandoned, Detail = why });
        return new ToolOutcome { Outcome = ToolOutcomes.Abandoned, Detail = why };
    }
}
