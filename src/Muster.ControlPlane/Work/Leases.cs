using Muster.Contracts;
using Muster.Contracts.Work;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>The check that stands before every write on behalf of an assignment, inside the transaction that writes.</summary>
public static class Leases
{
    public static string Issue(Store store, string subject, int epoch) => new LeaseToken(store.Incarnation, subject, epoch).Write(store.LeaseKey);

    /// <summary>That the task <c>t</c> is held by a lease that was <see cref="Read"/>: for whoever needs a few columns of it only.</summary>
    public const string Holds = "t.id = @Subject AND t.epoch = @Epoch AND t.status = 'in_progress'";

    /// <summary>What a lease of this store says; refuses any other. Whether it is current only its task can tell.</summary>
    public static LeaseToken Read(Store store, string token) => Of(store, token) ?? throw Refusal.LeaseLost();

    /// <summary>The task of a lease that is current now; refuses any other.</summary>
    public static TaskRow Require(StoreTransaction tx, Store store, string? token)
    {
        if (string.IsNullOrEmpty(token)) throw Refusal.LeaseRequired();
        return Find(tx, store, token) ?? throw Refusal.LeaseLost();
    }

    /// <summary>The same, for a path that names the assignment.</summary>
    public static TaskRow Require(StoreTransaction tx, Store store, string? token, string assignmentId) =>
        Find(tx, store, token, assignmentId) ?? throw (string.IsNullOrEmpty(token) ? Refusal.LeaseRequired() : Refusal.LeaseLost());

    /// <summary>Where no lease is asked for, one that is sent must still be current: its holder takes itself for the worker of the task.</summary>
    public static void Heed(StoreTransaction tx, Store store, HttpContext http)
    {
        if (Header(http) is { } token) Require(tx, store, token);
    }

    /// <summary>The task whose open assignment this is, when the lease is current; null otherwise.</summary>
    public static TaskRow? Find(StoreTransaction tx, Store store, string? token, string assignmentId) =>
        Find(tx, store, token) is { } task && string.Equals(task.AssignmentId, assignmentId, StringComparison.OrdinalIgnoreCase) ? task : null;

    private static TaskRow? Find(StoreTransaction tx, Store store, string? token)
    {
        if (Of(store, token) is not { } lease) return null;
        var task = tx.QueryFirst<TaskRow>(TaskQueries.ById, new { id = lease.Subject });
        return task is not null && task.Epoch == lease.Epoch && task.Status == TaskState.InProgress ? task : null;
    }

    private static LeaseToken? Of(Store store, string? token) =>
        LeaseToken.Read(token, store.LeaseKey) is { } lease && lease.Incarnation == store.Incarnation ? lease : null;

    public static string? Header(HttpContext http) => http.Request.Headers[Wire.LeaseHeader].ToString() is { Length: > 0 } value ? value : null;
}
