using System.Text.Json;
using Dapper;
using Microsoft.Extensions.Options;
using Muster.Contracts;
using Muster.Contracts.Security;
using Muster.Contracts.Tools;
using Muster.ControlPlane.Delivery;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Tools;

/// <summary>A job of a tool began to wait or ended.</summary>
public sealed record ToolJobMoved(string JobId, bool Waits) : Signal;

/// <summary>
/// Gives tools to hosts to run, the oldest first. Whoever asks has a sandbox. A lease is as long as the tool's own limits let the
/// work take, so it is not renewed: a host that is gone is found out when its time is over.
/// </summary>
internal sealed class ToolJobs
{
    private const int MaxWaitSeconds = 60;

    /// <summary>For bringing the source into a form that runs, and for the way there and back.</summary>
    private const int SlackSeconds = 150;

    /// <summary>From then on nobody waits for a run: carried out now, it would be carried out for nobody, or a second time.</summary>
    private const int ForgottenSeconds = RunToolOnce.LongestWait + 10;

    private readonly Store _store;
    private readonly ToolCalls _calls;
    private readonly TokenDirectory _tokens;
    private readonly TimeProvider _time;
    private readonly ToolOptions _options;
    private readonly CancellationToken _stopping;
    private readonly Pulse _waiting = new();

    public ToolJobs(Store store, ToolCalls calls, TokenDirectory tokens, TimeProvider time, IOptions<ToolOptions> options, IHostApplicationLifetime lifetime)
    {
        (_store, _calls, _tokens, _time, _options, _stopping) = (store, calls, tokens, time, options.Value, lifetime.ApplicationStopping);
        store.Listen(committed =>
        {
            if (committed.Signals.Any(signal => signal is ToolJobMoved { Waits: true } or LookAgain)) _waiting.Beat();
        });
    }

    public static void OrderTest(StoreTransaction tx, string toolId, int version) => Order(tx, ToolJobKinds.Test, toolId, version, null, null);

    public static string Order(StoreTransaction tx, string kind, string toolId, int version, string? callId, string? input)
    {
        var id = Ids.New();
        tx.ExecuteOne("INSERT INTO tool_jobs (id, kind, state, tool_id, version, call_id, input, created_at) VALUES (@id, @kind, 'waiting', @toolId, @version, @callId, @input, @Now)", new { id, kind, toolId, version, callId, input, tx.Now });
        tx.Notify(new ToolJobMoved(id, Waits: true));
        return id;
    }

    public async Task<ToolJobAnswer> ClaimAsync(ToolJobClaim request, Principal principal, Writes writes, CancellationToken ct)
    {
        new Checked().Line(request.Host, "host", 200).Require(request.WaitSeconds is >= 0 and <= MaxWaitSeconds, "waitSeconds", $"waitSeconds is 0 to {MaxWaitSeconds}.").ThrowIfWrong();
        var host = await _store.ReadAsync(c => c.QueryFirstOrDefaultAsync<string>("SELECT id FROM hosts WHERE id = @Host OR name = @Host", new { request.Host }), ct) ?? throw Refusal.NotFound("host", request.Host);
        if (principal is { Scope: Scopes.Host, Subject: { } subject } && subject != host && subject != request.Host) throw Refusal.Forbidden("This token belongs to another host.");
        var started = _time.GetTimestamp();
        while (true)
        {
            var beat = _waiting.Next;
            // Looked for before anything is written: hosts that wait write nothing.
            var any = await _store.ReadAsync(c => c.QueryFirstOrDefaultAsync<string>(Takeable, new { Now = _time.GetUtcNow().ToUnixTimeMilliseconds() }), ct) is not null;
            var answer = any ? await writes.RunAsync(request, tx => new ToolJobAnswer { Job = Take(tx, host) }, ct, keep: a => a.Job is not null) : new ToolJobAnswer();
            var left = TimeSpan.FromSeconds(request.WaitSeconds) - _time.GetElapsedTime(started);
            if (answer.Job is not null || left <= TimeSpan.Zero) return answer;
            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(ct, _stopping, _tokens.EndOf(principal.TokenId));
            try
            {
                await Pulse.WaitAsync(beat, left, _time, waiting.Token);
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                // The plane is stopping, or the token is revoked: an empty answer now is kinder than a cut connection.
                return answer;
            }
        }
    }

    /// <summary>The job of a lease that is current.</summary>
    public ToolJobRow Require(StoreTransaction tx, string id, string? lease)
    {
        if (string.IsNullOrEmpty(lease)) throw Refusal.LeaseRequired();
        var job = ToolJobRow.Find(tx, id.ToLowerInvariant()) ?? throw Refusal.NotFound("job of a tool", id);
        if (LeaseToken.Read(lease, _store.LeaseKey) is not { } token || token.Incarnation != _store.Incarnation || token.Subject != job.Id || token.Epoch != job.Epoch) throw Refusal.LeaseLost();
        return job;
    }

    private const string Takeable =
        "SELECT id FROM tool_jobs WHERE (state = 'waiting' AND (not_before IS NULL OR not_before <= @Now)) OR (state = 'running' AND lease_until <= @Now) ORDER BY id LIMIT 1";

    private ClaimedToolJob? Take(StoreTransaction tx, string host)
    {
        while (tx.QueryFirst<string>(Takeable, new { tx.Now }) is { } id)
        {
            var job = ToolJobRow.Find(tx, id)!;
            if (job.Kind == ToolJobKinds.Run && job.CreatedAt <= tx.Now - (ForgottenSeconds * 1000L))
            {
                Forget(tx, job);
                continue;
            }

            var row = ToolVersionRow.Find(tx, job.ToolId, job.Version)!;
            var package = row.Read();
            var limits = package.Manifest.Limits;
            var seconds = SlackSeconds + (limits.Seconds * (job.Kind == ToolJobKinds.Test ? package.Tests.Count : 1));
            // A host that died is no reason to try for ever: it may be the tool that kills it.
            if (job.Epoch >= _options.MaxJobAttempts * 2)
            {
                tx.ExecuteOne("UPDATE tool_jobs SET state = 'error', detail = @detail, input = NULL, ended_at = @Now WHERE id = @id", new { detail = "Host after host stopped answering.", tx.Now, id });
                tx.Notify(new ToolJobMoved(id, Waits: false));
                continue;
            }

            if (tx.Execute("UPDATE tool_jobs SET state = 'running', epoch = epoch + 1, host_id = @host, not_before = NULL, lease_until = @until WHERE id = @Id AND epoch = @Epoch AND state = @State",
                new { host, until = tx.Now + (seconds * 1000L), job.Id, job.Epoch, job.State }) == 0) continue;
            return new ClaimedToolJob
            {
                Id = job.Id,
                Kind = job.Kind,
                Tool = row.Name,
                Version = row.Version,
                Hash = row.Hash,
                Package = package,
                Input = job.Input is null ? null : JsonSerializer.Deserialize<JsonElement>(job.Input),
                Lease = Leases.Issue(_store, job.Id, job.Epoch + 1),
                LeaseSeconds = seconds,
            };
        }

        return null;
    }

    private void Forget(StoreTransaction tx, ToolJobRow job)
    {
        tx.ExecuteOne("UPDATE tool_jobs SET state = 'cancelled', input = NULL, lease_until = NULL, ended_at = @Now WHERE id = @Id", new { tx.Now, job.Id });
        _calls.End(tx, job.CallId!, new EndToolCall { Outcome = ToolOutcomes.Abandoned, Detail = "Nobody waits for it any more." });
    }
}
