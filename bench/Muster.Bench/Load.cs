using System.Collections.Concurrent;
using System.Diagnostics;
using Muster.Client;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;

namespace Muster.Bench;

/// <summary>Agents over HTTP with everything in: authentication, lease, assignment, events, answer after the commit.</summary>
internal static class Load
{
    /// <summary>Claim and complete with so many agents at once, so many tasks a request; tasks a second.</summary>
    public static async Task<double> ClaimAndCompleteAsync(PlaneProcess plane, int agents, int perRequest, int tasks)
    {
        using var client = Client(plane);
        for (var i = 0; i < agents; i++) await client.HeartbeatAsync(new HeartbeatRequest { Agent = $"bench-{i}", Capacity = 1000 });
        var left = tasks;
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, agents).Select(n => Task.Run(async () =>
        {
            while (Interlocked.Add(ref left, -perRequest) >= 0)
            {
                var claimed = await client.ClaimTasksAsync(new ClaimRequest { Agent = $"bench-{n}", Max = perRequest });
                foreach (var task in claimed.Tasks)
                    await client.CompleteAssignmentAsync(task.Assignment.Id, new CompleteAssignment(), CallOptions.ForLease(task.Lease));
            }
        })));
        return tasks / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Milliseconds from the call that adds a task to an agent's claim answering with it.</summary>
    public static async Task<double[]> AddedToHeldAsync(PlaneProcess plane, int samples)
    {
        using var client = Client(plane);
        // Labelled, so that the waiting backlog is there and none of it is taken.
        await client.HeartbeatAsync(new HeartbeatRequest { Agent = "waiter", Role = "qa-testing", Capacity = 1000 });
        var times = new List<double>();
        for (var i = 0; i < samples; i++)
        {
            var waiting = client.ClaimTasksAsync(new ClaimRequest { Agent = "waiter", WaitSeconds = 30, Labels = ["latency"], Projects = ["LAT"] });
            await Task.Delay(5);
            var start = Stopwatch.GetTimestamp();
            await client.CreateTaskAsync(new CreateTask { Project = "LAT", Title = "now" });
            var claimed = (await waiting).Tasks[0];
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            await client.CompleteAssignmentAsync(claimed.Assignment.Id, new CompleteAssignment(), CallOptions.ForLease(claimed.Lease));
        }

        return [.. times.Order()];
    }

    public static MusterClient Client(PlaneProcess plane) => new(new MusterClientOptions { Server = plane.Address, Token = plane.Token });
}
