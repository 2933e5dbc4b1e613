using Muster.Client.Work;
using Muster.Contracts.Delivery;
using Muster.Contracts.Fleet;
using Muster.Contracts.Tools;
using Muster.Contracts.Work;

namespace Muster.Client;

/// <summary>
/// One attempt at one task, and what its code may do about it. Calls carry the lease; once it is lost they throw <see
/// cref="LeaseLostException"/>.
/// </summary>
public sealed class TaskContext
{
    private readonly ClaimedTask _claimed;
    private readonly HeldLease _held;
    private readonly LogBuffer _log;
    private readonly CallOptions _call;
    private readonly WorkControl _control;

    internal TaskContext(MusterClient muster, HeldLease held, WorkOptions options, WorkControl control)
    {
        (Muster, _held, _claimed, _control) = (muster, held, held.Claimed, control);
        LogDue = new Signal(muster.Options.TimeProvider);
        _call = CallOptions.ForLease(_claimed.Lease);
        Bus = new TaskBus(muster, _claimed.Task.Key, _call);
        _log = new LogBuffer((piece, ct) => muster.AppendAssignmentLogAsync(_claimed.Assignment.Id, piece, _call, ct), options.MaxLogCharacters);
    }

    /// <summary>The client, for calls of one's own.</summary>
    public MusterClient Muster { get; }

    /// <summary>The task as it was claimed.</summary>
    public TaskInfo Task => _claimed.Task;

    /// <summary>This attempt.</summary>
    public AssignmentInfo Assignment => _claimed.Assignment;

    /// <summary>Secret that proves the right to the task; git's password. Never print it.</summary>
    public string Lease => _claimed.Lease;

    /// <summary>Where to fetch from and push to; null for a project without a repository.</summary>
    public GitWork? Git => _claimed.Git;

    /// <summary>The attempt before this one, when there was one.</summary>
    public PreviousAttempt? Previous => _claimed.Previous;

    /// <summary>What the agent is for in this task: how it works, with what, within which limits; null where it has no role.</summary>
    public RoleBrief? Role => _claimed.Role;

    /// <summary>Messages among the agents of the task's project.</summary>
    public TaskBus Bus { get; }

    /// <summary>
    /// Cancelled when the loop is about to end: finish soon, or let go. The task's own token follows after <see cref="WorkOptions.Grace"/>.
    /// </summary>
    public CancellationToken Stopping => _control.Ending;

    /// <summary>Why the task's token was cancelled; read it when it is.</summary>
    public TaskStop StopCause => _held.Cause;

    internal Outcome? Said { get; private set; }

    /// <summary>Set when enough log waits to be sent before its time.</summary>
    internal Signal LogDue { get; }

    /// <summary>Says how far the attempt is.</summary>
    public Task<AssignmentInfo> ReportProgressAsync(int? percentComplete = null, string? note = null, CancellationToken ct = default) =>
        ReportProgressAsync(new AssignmentProgress { PercentComplete = percentComplete, Note = note }, ct);

    /// <summary>Says how far the attempt is, what time it took, and where half-done work was saved.</summary>
    public Task<AssignmentInfo> ReportProgressAsync(AssignmentProgress progress, CancellationToken ct = default) =>
        GuardAsync(Muster.ReportAssignmentProgressAsync(Assignment.Id, progress, _call, ct));

    /// <summary>
    /// Adds text to the attempt's log, as it is: end lines yourself. Sent about once a second, and at the latest before the handing in;
    /// does not wait for the plane.
    /// </summary>
    public Task LogAsync(string text)
    {
        _log.Add(text);
        if (_log.IsDue)
            LogDue.Set();
        return System.Threading.Tasks.Task.CompletedTask;
    }

    /// <summary>Attaches proof. It counts once the plane has seen it for itself.</summary>
    public Task<EvidenceInfo> AttachEvidenceAsync(string kind, string reference, string? detail = null, CancellationToken ct = default) =>
        GuardAsync(Muster.AddEvidenceAsync(
            new CreateEvidence { Task = Task.Id, Kind = kind, Reference = reference, Detail = detail }, _call, ct));

    /// <summary>Stores a file with the task.</summary>
    public Task<ArtifactInfo> StoreArtifactAsync(string name, Stream content, string? contentType = null, CancellationToken ct = default) =>
        GuardAsync(Muster.CreateArtifactAsync(name, content, Task.Id, contentType, _call, ct));

    /// <summary>Says what is handed in when the task's code returns. Without it the attempt completes with no head and no summary.</summary>
    public void Complete(CompleteAssignment result) => Said = Outcome.Completed(result);

    /// <summary>Says that the attempt failed; <paramref name="retry"/> false when another cannot do better.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="retry">Whether another attempt may do better.</param>
    /// <param name="lesson">What the next should know at once, for the notes of the role.</param>
    public void Fail(string reason, bool retry = true, string? lesson = null) => Said = Outcome.Failed(reason, retry, lesson);

    /// <summary>Says that the task is handed back without blame, and where half-done work was saved.</summary>
    public void Release(string? reason = null, string? wipSha = null) => Said = Outcome.Released(reason, wipSha);

    /// <summary>The same, for a task that can go on only when something else has changed.</summary>
    /// <param name="waitFor"><c>budget</c>, <c>provider_down</c>, or <c>approval</c>: a person's comment on the task.</param>
    /// <param name="wait">How long at the most; the plane gives it out earlier when it hears that it can go on.</param>
    /// <param name="reason">In words.</param>
    /// <param name="wipSha">Where half-done work was saved.</param>
    public void ReleaseUntil(string waitFor, TimeSpan? wait, string? reason = null, string? wipSha = null) => Said = Outcome.Released(reason, wipSha, waitFor, wait);

    /// <summary>
    /// Says that this machine cannot work now (a tool is missing, a disk is full), beside what is said of the task. The loop takes no more
    /// tasks, lets those in hand finish and ends with <see cref="WorkEnd.Unfit"/>: one sick machine must not use up the tries of every task.
    /// </summary>
    public void TakeNoMore() => _control.TakeNoMore();

    internal Task FlushLogAsync(CancellationToken ct) => _log.FlushAsync(ct);

    /// <summary>A log that cannot be sent now is sent later; it is no reason to disturb the task.</summary>
    internal async Task TryFlushLogAsync(CancellationToken ct)
    {
        try
        {
            await _log.FlushAsync(ct);
        }
        catch (LeaseLostException e)
        {
            _held.Stop(TaskStop.LeaseLost, e.Message);
        }
        catch (Exception e) when (Heartbeater.IsTransient(e) || e is MusterException)
        {
            // Kept in the buffer; the next flush tries again, and the last one before handing in tells what remains.
        }
    }

    /// <summary>A call that finds the lease lost stops the task without waiting for the next heartbeat.</summary>
    private async Task<T> GuardAsync<T>(Task<T> call)
    {
        try
        {
            return await call;
        }
        catch (LeaseLostException e)
        {
            _held.Stop(TaskStop.LeaseLost, e.Message);
            throw;
        }
    }
}
