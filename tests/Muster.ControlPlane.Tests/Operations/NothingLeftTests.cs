using System.Reflection;
using Muster.Contracts;
using Muster.Contracts.Work;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Tests.Operations;

/// <summary>
/// Requirement B11: a plane that runs for months keeps nothing of what is over. Counted is what can be reached from its services, and not
/// the memory of the process, which other tests share. `./muster bench --leak` watches the memory while a million tasks go through.
/// </summary>
[Collection(nameof(NothingLeftTests))]
public sealed class NothingLeftTests
{
    private const int Rounds = 6;
    private const int Agents = 8;
    private const int Together = 16;
    private const int Tasks = 6 * Agents * Together;

    [Fact]
    public async Task Tasks_that_are_done_leave_nothing_in_memory() => Assert.InRange((await GrowthAsync(_ => { })).Min(), int.MinValue, Tasks - 1);

    [Fact]
    public async Task Who_keeps_a_word_of_each_is_found_out()
    {
        List<EventRow> kept = [];
        // In most rounds: once, the table of the tasks that wait may become smaller by as much.
        var growth = (await GrowthAsync(plane => plane.Store.Listen(committed => kept.AddRange(committed.Events)))).Order().ToList();
        Assert.InRange(growth[growth.Count / 2], 4 * Tasks, int.MaxValue);
    }

    /// <summary>How many objects more there are after each round of tasks.</summary>
    private static async Task<IReadOnlyList<int>> GrowthAsync(Action<TestPlane> plant)
    {
        await using var plane = await TestPlane.StartAsync();
        plant(plane);
        await plane.ProjectAsync();
        await plane.Store.WriteAsync(tx =>
        {
            for (var i = 0; i < Rounds * Tasks; i++) AddTask.Run(tx, new CreateTask { Project = "FLT", Title = "small" });
        });
        for (var n = 0; n < Agents; n++) await plane.BeatAsync($"agent-{n}");

        // The first fill what is kept for good. Tables and pools find their size now and then, and then not again for long; what is kept of a
        // task is kept of each, in every round.
        await WorkAsync(plane);
        var before = Reachable(plane);
        List<int> growth = [];
        for (var round = 1; round < Rounds; round++)
        {
            await WorkAsync(plane);
            var now = Reachable(plane);
            growth.Add(now - before);
            before = now;
        }

        return growth;
    }

    private static Task WorkAsync(TestPlane plane) => Task.WhenAll(Enumerable.Range(0, Agents).Select(async n =>
    {
        IReadOnlyList<ClaimedTask> held = [];
        for (var left = Tasks / Agents; left > 0 || held.Count > 0;)
        {
            var answer = await plane.PostAsync<ClaimAnswer>(Routes.Claims, new ClaimRequest
            {
                Agent = $"agent-{n}",
                Max = Math.Min(left, Together),
                Complete = [.. held.Select(h => new Completion { AssignmentId = h.Assignment.Id, Lease = h.Lease, Result = new CompleteAssignment() })],
            });
            held = answer.Tasks;
            left -= held.Count;
        }
    }));

    /// <summary>How many objects the plane's services hold, and what hangs on those. Each entry of a table counts, filled or not.</summary>
    private static int Reachable(TestPlane plane)
    {
        var seen = new HashSet<object>(ReferenceEqualityComparer.Instance);
        var open = new Stack<object>([plane.Services, plane.Store]);
        var entries = 0;
        while (open.TryPop(out var one))
        {
            // What the ready tasks are kept in has the size of its largest day.
            if (one is ReadyTasks || !seen.Add(one)) continue;
            switch (one)
            {
                case string or Type or MemberInfo or Assembly or Module or Pointer:
                    continue;
                case Delegate code:
                    foreach (var target in code.GetInvocationList().Select(c => c.Target).OfType<object>()) open.Push(target);
                    continue;
                case Array table:
                    // Bytes and letters are somebody's buffer.
                    if (table.GetType().GetElementType()!.IsPrimitive) continue;
                    entries += table.Length;
                    foreach (var entry in table)
                        if (entry is not null) open.Push(entry);
                    continue;
            }

            for (var type = one.GetType(); type is not null && type != typeof(object); type = type.BaseType)
                foreach (var field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
                    if (field.FieldType is { IsPrimitive: false, IsPointer: false, IsEnum: false, IsByRefLike: false } && field.GetValue(one) is { } value) open.Push(value);
        }

        return seen.Count + entries;
    }
}

/// <summary>By itself: what others are in the middle of can be reached by way of what all of a process share.</summary>
[CollectionDefinition(nameof(NothingLeftTests), DisableParallelization = true)]
public sealed class Alone;
