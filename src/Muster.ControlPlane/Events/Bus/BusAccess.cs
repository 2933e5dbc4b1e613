using Dapper;
using Muster.Contracts.Work;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Events.Bus;

/// <summary>
/// Which subjects a caller may use. Everybody through the API keeps to <c>agents.KEY.…</c> of a project that is there, and
/// to the inbox of a request that they were sent. Who sends a lease must still hold it, and keeps to its task's project:
/// an agent that has lost its task speaks no more in its name.
/// </summary>
internal sealed class BusAccess(Store store)
{
    private const string Rule = "Agents publish and listen under agents.KEY. with the key of a project, such as agents.FLT.review.";

    /// <param name="http">The call, with its principal and the lease it may carry.</param>
    /// <param name="subject">A subject, or a pattern.</param>
    /// <param name="listening">Whether it is to be listened to.</param>
    /// <param name="ct">Ends the look into the store.</param>
    public async Task RequireAsync(HttpContext http, string subject, bool listening, CancellationToken ct)
    {
        if (!(listening ? Subjects.IsPattern(subject) : Subjects.IsSubject(subject))) throw Refusal.Invalid("subject", listening ? Subjects.PatternRule : Subjects.Rule);
        var held = Leases.Header(http) is { } lease ? await ProjectOfAsync(lease, ct) : null;
        var words = subject.Split('.', 3);
        // Its name has 128 random bits: who knows it was asked.
        if (!listening && words[0] == Subjects.Inbox) return;
        if (listening && words[0] == Subjects.Goals && http.Principal().MaySteer) return;
        if (words.Length < 3 || words[0] != Subjects.Agents) throw Refusal.Forbidden(Rule + (listening ? " Events of the plane are followed at /api/events/stream." : ""));
        if (held is not null && words[1] != held) throw Refusal.Forbidden($"This lease is for a task of {held}: it speaks under agents.{held}. only.");
        if (listening && words[1] is "*" && http.Principal().MaySteer) return;
        if (held is null && !await ExistsAsync(words[1], ct)) throw Refusal.Forbidden($"There is no project {Refusal.Shorten(words[1])}. {Rule}");
    }

    private async Task<string> ProjectOfAsync(string lease, CancellationToken ct)
    {
        if (LeaseToken.Read(lease, store.LeaseKey) is not { } token || token.Incarnation != store.Incarnation) throw Refusal.LeaseLost();
        return await store.ReadAsync(c => c.QueryFirstOrDefaultAsync<string>(
            "SELECT p.key FROM tasks t JOIN projects p ON p.id = t.project_id WHERE t.id = @Subject AND t.epoch = @Epoch AND t.status = @status",
            new { token.Subject, token.Epoch, status = TaskState.InProgress }), ct) ?? throw Refusal.LeaseLost();
    }

    private Task<bool> ExistsAsync(string key, CancellationToken ct) =>
        store.ReadAsync(c => c.QueryFirstAsync<bool>("SELECT COUNT(*) > 0 FROM projects WHERE key = @key", new { key }), ct);
}
