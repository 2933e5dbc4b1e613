using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;
using Muster.Proof.Checking;

namespace Muster.Proof.Simulation;

/// <summary>An agent that works, forgets, sleeps past its lease, and uses leases that it should not.</summary>
internal sealed class SimAgent(World world, Network network, string name, Random random)
{
    private readonly List<ClaimedTask> _held = [];
    private readonly List<ClaimedTask> _old = [];
    private int _calls;

    public void Start() => world.After(TimeSpan.FromMilliseconds(random.Next(500)), () => Beat(Turn));

    private void Turn()
    {
        if (world.IsOver) return;
        var dice = random.Next(100);
        if (!network.Fair && dice < 4) Sleep();
        else if (_held.Count == 0 || dice < 25 && _held.Count < 4) Claim();
        else if (dice < 40) Beat(Rest);
        else if (dice < 55) Write(Any(_held));
        else if (!network.Fair && dice < 62 && _old.Count > 0) Misuse(Any(_old));
        else if (!network.Fair && dice < 68) End(Kinds.Fail, Any(_held));
        else if (!network.Fair && dice < 74) End(Kinds.Release, Any(_held));
        else End(Kinds.Complete, Any(_held));
    }

    private void Rest() => world.After(TimeSpan.FromMilliseconds(random.Next(1, 250)), Turn);

    private void Sleep() => world.After(World.Lease * (0.5 + random.NextDouble() * 2.5), Turn);

    private ClaimedTask Any(List<ClaimedTask> tasks) => tasks[random.Next(tasks.Count)];

    private void Claim()
    {
        var max = random.Next(1, 4);
        var call = new SimCall(Kinds.Claim, new SimRequest("POST", Routes.Claims, new ClaimRequest { Agent = name, Max = max }, Key: Key())) { Agent = name, Max = max };
        var begun = world.Clock();
        network.Send(call, random.Next(3), answer =>
        {
            if (answer is { IsOk: true })
            {
                foreach (var task in answer.Read<ClaimAnswer>().Tasks)
                {
                    _held.Add(task);
                    world.Heard(new Call { Kind = Kinds.Claim, End = Ends.Ok, Begin = begun, Answered = world.Clock(), Task = task.Task.Id, Epoch = task.Assignment.Epoch, Agent = task.Assignment.Agent == name ? name : $"{name} (for {task.Assignment.Agent})", Assignment = task.Assignment.Id });
                }
            }

            // Nobody knows us: the plane that heard of us is gone, or the news was lost on the way.
            if (answer is { IsOk: false }) Beat(Rest);
            else Rest();
        });
    }

    private void Beat(Action then)
    {
        var tasks = _held.Concat(_old.TakeLast(2)).ToList();
        var body = new HeartbeatRequest { Agent = name, Capacity = 1000, Leases = [.. tasks.Select(t => t.Lease)] };
        var call = new SimCall(Kinds.Renew, new SimRequest("POST", Routes.AgentHeartbeat, body)) { Agent = name, Renews = [.. tasks.Select(t => (t.Task.Id, t.Assignment.Epoch))] };
        var noted = tasks.ConvertAll(task => Note(Kinds.Renew, task, null));
        network.Send(call, 0, answer =>
        {
            if (answer is { IsOk: true })
            {
                var leases = answer.Read<HeartbeatAnswer>().Leases;
                for (var i = 0; i < tasks.Count; i++)
                {
                    world.Heard(noted[i], leases[i].Current ? Ends.Ok : Ends.Stale);
                    if (!leases[i].Current) Lose(tasks[i]);
                }
            }

            then();
        });
    }

    private void Write(ClaimedTask task)
    {
        var request = random.Next(3) switch
        {
            0 => new SimRequest("PATCH", Routes.With(Routes.AssignmentProgress, task.Assignment.Id), new AssignmentProgress { PercentComplete = random.Next(1, 100) }, task.Lease),
            1 => new SimRequest("POST", Routes.With(Routes.TaskUpdates, task.Task.Id), new AddTaskUpdate { Text = "hm" }, task.Lease, Key()),
            _ => new SimRequest("PATCH", Routes.With(Routes.TaskGit, task.Task.Id), new TaskGit { Branch = "b" }, task.Lease),
        };
        Call(Kinds.Write, task, request, null, _ => { });
    }

    private void Misuse(ClaimedTask task)
    {
        if (random.Next(2) == 0) Write(task);
        else End(new[] { Kinds.Complete, Kinds.Fail, Kinds.Release }[random.Next(3)], task);
    }

    private void End(string kind, ClaimedTask task)
    {
        var id = task.Assignment.Id;
        // Handed in twice it is the same effect: its key is the assignment.
        var effect = kind == Kinds.Complete ? id : null;
        var request = kind switch
        {
            Kinds.Complete => new SimRequest("POST", Routes.With(Routes.AssignmentComplete, id), new CompleteAssignment { Evidence = [new EvidenceClaim { Kind = EvidenceKinds.Research, Reference = effect! }] }, task.Lease, Key()),
            Kinds.Fail => new SimRequest("POST", Routes.With(Routes.AssignmentFail, id), new FailAssignment { Reason = "no" }, task.Lease, Key()),
            _ => new SimRequest("POST", Routes.With(Routes.AssignmentRelease, id), new ReleaseAssignment(), task.Lease, Key()),
        };
        Call(kind, task, request, effect, answer =>
        {
            // Unknown: it may try again, as another call with another key.
            if (answer is not null || random.Next(2) == 0) Lose(task);
        });
    }

    private void Call(string kind, ClaimedTask task, SimRequest request, string? effect, Action<SimAnswer?> then)
    {
        var call = new SimCall(kind, request)
        {
            Agent = name,
            TaskId = task.Task.Id,
            Number = world.Number(task.Task.Key),
            Epoch = task.Assignment.Epoch,
            Assignment = task.Assignment.Id,
            Effect = effect,
            Successors = world.IsSuccessor,
        };
        var noted = Note(kind, task, effect);
        network.Send(call, random.Next(3), answer =>
        {
            world.Heard(noted, answer is null ? Ends.Unknown : answer.IsOk ? Ends.Ok : answer.Status == 409 ? Ends.Stale : Ends.Refused);
            then(answer);
            Rest();
        });
    }

    private int Note(string kind, ClaimedTask task, string? effect) => world.Noted(new Call
    {
        Kind = kind,
        End = Ends.Unknown,
        Begin = world.Clock(),
        Answered = long.MaxValue,
        Task = task.Task.Id,
        Epoch = task.Assignment.Epoch,
        Agent = name,
        Assignment = task.Assignment.Id,
        Effect = effect,
    });

    private void Lose(ClaimedTask task)
    {
        if (_held.Remove(task)) _old.Add(task);
    }

    private string Key() => $"{name}-{++_calls}";
}
