using Muster.Contracts;
using Muster.Contracts.Work;
using Muster.Proof.Checking;

namespace Muster.Proof.Simulation;

/// <summary>Adds the tasks, some behind others, and now and then cancels one or gives one another life.</summary>
internal sealed class SimPerson(World world, Network network, Random random, int wanted)
{
    private readonly List<TaskInfo> _made = [];
    private int _calls;

    public void Start() => world.After(TimeSpan.FromMilliseconds(1), Turn);

    private void Turn()
    {
        if (_made.Count < wanted && _calls < wanted * 3) Create();
        else if (!network.Fair && !world.IsOver && _made.Count > 0) world.After(TimeSpan.FromMilliseconds(random.Next(200, 4000)), Steer);
    }

    private void Create()
    {
        var depends = Enumerable.Range(0, random.Next(3)).Where(_ => _made.Count > 0).Select(_ => _made[random.Next(_made.Count)].Key).Distinct(StringComparer.Ordinal).ToList();
        var title = $"task {++_calls}";
        var body = new CreateTask { Project = World.Project, Title = title, Priority = random.Next(1, 6), DependsOn = depends };
        var begun = world.Clock();
        network.Send(new SimCall(Kinds.Create, new SimRequest("POST", Routes.Tasks, body, Key: $"person-{_calls}")), random.Next(4), answer =>
        {
            if (answer is { IsOk: true })
            {
                var task = answer.Read<TaskInfo>();
                _made.Add(task);
                world.Heard(new Call { Kind = Kinds.Create, End = Ends.Ok, Begin = begun, Answered = world.Clock(), Task = task.Id, Epoch = 0, Effect = title });
            }

            Turn();
        });
    }

    private void Steer()
    {
        var task = _made[random.Next(_made.Count)];
        var cancels = random.Next(4) == 0;
        var request = new SimRequest("POST", Routes.With(cancels ? Routes.TaskCancel : Routes.TaskRetry, task.Id), null, Key: $"person-{++_calls}");
        network.Send(new SimCall(cancels ? "cancel" : "retry", request) { TaskId = task.Id, Number = world.Number(task.Key) }, random.Next(2), _ => Turn());
    }
}
