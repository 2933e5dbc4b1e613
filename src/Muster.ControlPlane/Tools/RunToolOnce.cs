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
    /// <summary>Seconds that a caller may wait.</summary>
    public const int LongestWait = 120;

    private const int MostInput = 1_000_000;

    private readonly Store _store;
    private readonly ToolCalls _calls;
    private readonly Writes _writes;
    private readonly TimeProvider _time;
    private readonly CancellationToken _stopping;
    private readonly Pulse _ended = new();

    public RunToolOnce(Store store, ToolCalls calls, Writes writes, TimeProvider time, IHostApplicationLifetime lifetime)
    {
        (_store, _calls, _writes, _time, _stopping) = (store, calls, writes, time, lifetime.ApplicationStopping);
        store.Listen(committed =>
        {
            if (committed.Signals.Any(signal => signal is ToolJobMoved { Waits: false } or LookAgain)) _ended.Beat();
        });
    }

    public async Task<ToolOutcome> RunAsync(string id, RunTool body, Principal principal, string? lease, CancellationToken ct)
    {
        new Checked()
            .Require(body.WaitSeconds is >= 1 and <= LongestWait, "waitSeconds", $"waitSeconds is 1 to {LongestWait}.")
            .Require(body.Input.ValueKind == JsonValueKind.Object && body.Input.GetRawText().Length <= MostInput, "input", $"input is an object of at most {MostInput} characters.")
            .ThrowIfWrong();
        // Asked again under the same key, as after a cut line, it waits for the job there is.
        var begun = await _writes.RunAsync(body, tx => Begin(tx, id, body.Input, principal, lease), ct);
        if (begun.Outcome is not null) return begun.Outcome;
        // Waited for to the end also when the caller goes away: he may come back for it, and else it is taken back, or a host would run it for nobody.
        return await WaitAsync(begun.Job!, TimeSpan.FromSeconds(body.WaitSeconds)).WaitAsync(ct);
    }

    private async Task<ToolOutcome> WaitAsync(string job, TimeSpan wait)
    {
        var started = _time.GetTimestamp();
        while (true)
        {
            var beat = _ended.Next;
            var left = wait - _time.GetElapsedTime(started);
            if (await _store.WriteAsync(tx => Ended(tx, job, giveUp: left <= TimeSpan.Zero), _stopping) is { } end) return end;
            await Pulse.WaitAsync(beat, left, _time, _stopping);
        }
    }

    private Begun Begin(StoreTransaction tx, string id, JsonElement input, Principal principal, string? lease)
    {
        var task = principal.Scope == Scopes.Agent || lease is not null ? Leases.Require(tx, _store, lease) : null;
        var tool = ToolRow.Get(tx, id);
        var text = input.GetRawText();
        var (call, tampered) = _calls.Start(tx, tool, null, text.Length, task, task?.AgentName ?? principal.Name);
        if (call is null) return new Begun(null, new ToolOutcome { Outcome = ToolOutcomes.Refused, Detail = ToolCalls.TamperedWith(tampered!).Message });
        var manifest = ToolVersionRow.Get(tx, tool, call.Version).Read().Manifest;
        if (manifest.Permissions.Files != ToolFiles.None) throw Refusal.WrongState($"{tool.Name} works on the files of an attempt, so only an agent can call it, in its attempt.");
        if (JsonShape.WhyNot(manifest.InputSchema, input) is not { } wrong) return new Begun(ToolJobs.Order(tx, ToolJobKinds.Run, tool.Id, call.Version, call.Id, text), null);
        var outcome = new ToolOutcome { Outcome = ToolOutcomes.BadInput, Detail = $"The input is not what {tool.Name} asks for: {wrong}." };
        _calls.End(tx, call.Id, new EndToolCall { Outcome = outcome.Outcome, Detail = outcome.Detail });
        return new Begun(null, outcome);
    }

    private sealed record Begun(string? Job, ToolOutcome? Outcome);

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
