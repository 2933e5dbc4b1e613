using System.Diagnostics;
using Muster.Client;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;
using Muster.Proof.Checking;

namespace Muster.Proof.Chaos;

/// <summary>
/// Kills the plane at the first, second, third ... write or flush that an operation makes, until the operation makes no more:
/// every point of its way to the disk; on PostgreSQL at each thing that it sends, to the server or to its caller. After each the plane must come back with the operation done or not done, done if it was
/// acknowledged, and answer the same call with the same key as if nothing had happened.
/// </summary>
internal sealed class CrashPoints(string folder, bool postgres, Action<string> tell)
{
    private const string Project = "CRASH";

    /// <summary>How a file of the store reaches the disk; of a store on a server, how a statement reaches the server, and an answer its caller.</summary>
    private string Calls => postgres ? "sendto,sendmsg,write,writev" : "pwrite64,pwritev,fsync,fdatasync";

    private static readonly string[] Operations = [Kinds.Create, Kinds.Claim, Kinds.Complete];

    private readonly List<Breach> _breaches = [];
    private readonly List<Call> _told = [];
    private long _clock;

    /// <summary>Why strace cannot be used here; null when it can.</summary>
    public static async Task<string?> ProblemAsync()
    {
        try
        {
            using var probe = Process.Start(new ProcessStartInfo("strace", ["-D", "-f", "-o", "/dev/null", "--", "true"]) { RedirectStandardError = true, UseShellExecute = false })!;
            var error = await probe.StandardError.ReadToEndAsync();
            await probe.WaitForExitAsync();
            return probe.ExitCode == 0 ? null : $"strace may not trace here: {error.Trim()}";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "strace is not installed (Debian, Ubuntu: sudo apt-get install strace)";
        }
    }

    /// <param name="most">Points of each operation to try at most.</param>
    /// <param name="ct">Stops.</param>
    public async Task<PointsResult> RunAsync(int most, CancellationToken ct)
    {
        if (await ProblemAsync() is { } problem) throw new UsageException(problem);
        Directory.CreateDirectory(folder);
        var options = new ChaosOptions { Seed = 0, Folder = folder, Postgres = postgres };
        await using var ground = await Ground.StartAsync(options);
        await using var plane = new PlaneProcess(folder, options, ground);
        await plane.StartAsync();
        using (var owner = Client(plane))
        {
            await owner.CreateProjectAsync(new CreateProject { Name = "crash", Key = Project, LeaseSeconds = 600, Contract = "" }, ct: ct);
            await owner.HeartbeatAsync(new HeartbeatRequest { Agent = "worker", Capacity = 1000 }, ct: ct);
        }

        var killed = 0;
        var points = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var operation in Operations)
        {
            var point = 1;
            for (; point <= most; point++)
            {
                if (!await TryAsync(plane, operation, point, ct)) break;
                killed++;
            }

            points[operation] = point - 1;
            tell($"{operation}: killed at each of {point - 1} writes and flushes");
        }

        await plane.Process.StopAsync(TimeSpan.FromSeconds(20));
        var damage = await ground.DamageAsync();
        await using var store = await ground.OpenAsync();
        var facts = await StoreFacts.ReadAsync(store);
        facts = facts with { Damage = [.. facts.Damage, .. damage] };
        return new PointsResult { Killed = killed, Points = points, Tasks = facts.Tasks.Count, Breaches = [.. _breaches, .. StoreInvariants.Check(facts), .. Acknowledged.Check(facts, _told)] };
    }

    /// <summary>One operation with a kill at one of its writes; false when it made fewer.</summary>
    private async Task<bool> TryAsync(PlaneProcess plane, string operation, int point, CancellationToken ct)
    {
        using var client = Client(plane);
        var (title, key) = ($"{operation} {point}", Guid.NewGuid().ToString("N"));
        var held = operation == Kinds.Create ? null : await HoldAsync(client, title, claims: operation == Kinds.Complete, ct);
        await using var strace = Child.Start(folder, "strace", "strace", "-f", "-q", "-p", $"{plane.Process.Pid}", "-e", $"trace={Calls}", "-e", $"inject={Calls}:signal=KILL:when={point}", "-o", Path.Combine(folder, "trace"));
        await AttachedAsync(plane.Process.Pid, ct);
        var answered = await SendAsync(client, operation, title, held, key, retries: 0, ct);
        if (answered && !plane.Process.HasEnded)
        {
            await strace.StopAsync(TimeSpan.FromSeconds(10));
            return false;
        }

        await plane.Process.KillAsync();
        await plane.StartAsync();
        // Asked again with the same key: done now if it was not, and not done twice if it was.
        using var again = Client(plane);
        if (!await SendAsync(again, operation, title, held, key, retries: 4, ct)) _breaches.Add(new Breach(Rules.Stuck, $"{operation} killed at write {point} could not be done afterwards"));
        return true;
    }

    private static async Task<ClaimedTask?> HoldAsync(MusterClient client, string title, bool claims, CancellationToken ct)
    {
        await client.CreateTaskAsync(new CreateTask { Project = Project, Title = title, Priority = 1 }, ct: ct);
        return claims ? (await client.ClaimTasksAsync(new ClaimRequest { Agent = "worker", Max = 1 }, ct: ct)).Tasks[0] : null;
    }

    private async Task<bool> SendAsync(MusterClient client, string operation, string title, ClaimedTask? held, string key, int retries, CancellationToken ct)
    {
        var options = new CallOptions { IdempotencyKey = key, MaxRetries = retries, Lease = held?.Lease };
        var begin = ++_clock;
        try
        {
            switch (operation)
            {
                case Kinds.Create:
                    var task = await client.CreateTaskAsync(new CreateTask { Project = Project, Title = title, Priority = 5 }, options, ct);
                    Told(new Call { Kind = operation, End = Ends.Ok, Begin = begin, Answered = ++_clock, Task = task.Id, Epoch = 0, Effect = title });
                    break;
                case Kinds.Claim:
                    foreach (var got in (await client.ClaimTasksAsync(new ClaimRequest { Agent = "worker", Max = 1 }, options, ct)).Tasks)
                        Told(new Call { Kind = operation, End = Ends.Ok, Begin = begin, Answered = ++_clock, Task = got.Task.Id, Epoch = got.Assignment.Epoch, Agent = "worker", Assignment = got.Assignment.Id });
                    break;
                default:
                    await client.CompleteAssignmentAsync(held!.Assignment.Id, new CompleteAssignment(), options, ct);
                    Told(new Call { Kind = operation, End = Ends.Ok, Begin = begin, Answered = ++_clock, Task = held.Task.Id, Epoch = held.Assignment.Epoch, Agent = "worker", Assignment = held.Assignment.Id });
                    break;
            }

            return true;
        }
        catch (Exception error) when (Scribe.IsUnknown(error))
        {
            return false;
        }
    }

    private void Told(Call call) => _told.Add(call);

    /// <summary>Every thread of the plane has a tracer.</summary>
    private static async Task AttachedAsync(int pid, CancellationToken ct)
    {
        while (Directory.GetDirectories($"/proc/{pid}/task").Any(thread => !Traced(Path.Combine(thread, "status")))) await Task.Delay(10, ct);
    }

    private static bool Traced(string status)
    {
        try
        {
            return File.ReadLines(status).First(line => line.StartsWith("TracerPid:", StringComparison.Ordinal)).Split('\t')[1] != "0";
        }
        catch (IOException)
        {
            // A thread that has ended needs none.
            return true;
        }
    }

    private static MusterClient Client(PlaneProcess plane) => new(new MusterClientOptions { Server = plane.Address, Token = plane.Token, Timeout = TimeSpan.FromSeconds(10) });
}

public sealed record PointsResult
{
    public required int Killed { get; init; }

    /// <summary>Writes and flushes that each operation was killed at.</summary>
    public required IReadOnlyDictionary<string, int> Points { get; init; }
    public required int Tasks { get; init; }
    public required IReadOnlyList<Breach> Breaches { get; init; }
}
