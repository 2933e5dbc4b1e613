using Muster.Client;
using Muster.Contracts.Work;
using Muster.Proof.Checking;

namespace Muster.Proof.Chaos;

/// <summary>Adds the tasks: single ones and chains, no faster than they are done, and writes down which were acknowledged.</summary>
internal sealed class Feeder(MusterClient plane, Ledger ledger, string project, int wanted, Func<int> done, Func<bool> killing)
{
    /// <summary>Tasks that may wait; enough for every claim to be filled.</summary>
    private const int Backlog = 1500;

    /// <summary>When there were enough, but not enough kills yet: so many that there is always something to interrupt.</summary>
    private const int Trickle = 60;

    /// <summary>A small run on a busy machine is not to be held up by its own queue.</summary>
    private readonly int _writers = Math.Clamp(wanted / 10, 2, 24);

    private int _made;

    /// <summary>Tasks acknowledged so far.</summary>
    public int Made => Volatile.Read(ref _made);

    public Task RunAsync(int seed, CancellationToken ct) => Task.WhenAll(Enumerable.Range(0, _writers).Select(n => RunOneAsync(n, new Random(seed + n), ct)));

    private async Task RunOneAsync(int writer, Random random, CancellationToken ct)
    {
        var scribe = new Scribe($"feeder-{writer}", ledger, patient: writer % 2 == 0);
        string? last = null;
        for (var number = 0; Made < wanted || killing(); number++)
        {
            while (Made - done() > (Made < wanted ? Backlog : Trickle) && (Made < wanted || killing())) await Task.Delay(20, ct);
            if (Made >= wanted && !killing()) return;
            var title = $"task {writer}-{number}";
            var call = scribe.Begin(Kinds.Create, effect: title);
            try
            {
                var body = new CreateTask { Project = project, Title = title, Priority = random.Next(1, 6), DependsOn = last is not null && random.Next(3) == 0 ? [last] : null };
                TaskInfo? task = null;
                await scribe.AgainAsync(async options => task = await plane.CreateTaskAsync(body, options, ct), lease: null);
                ledger.Note(scribe.End(call, Ends.Ok) with { Task = task!.Id });
                Interlocked.Increment(ref _made);
                last = task.Key;
            }
            catch (Exception error) when (Scribe.IsUnknown(error) || error is MusterException)
            {
                // A refusal may be about what the plane read after it had written; whether it wrote, nobody can say.
                ledger.Note(scribe.End(call, Ends.Unknown));
                last = null;
                await Task.Delay(50, ct);
            }
        }
    }
}
