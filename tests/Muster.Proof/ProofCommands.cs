using System.Runtime.InteropServices;
using Muster.Proof.Chaos;
using Muster.Proof.Fuzz;
using Muster.Proof.Planting;
using Muster.Proof.Simulation;

namespace Muster.Proof;

/// <summary>The command line: <c>chaos</c>, <c>points</c>, <c>fuzz</c>, <c>sim</c>; and the parts of them that run in processes of their own.</summary>
internal static class ProofCommands
{
    private const int Broken = 1;
    private const int BadUsage = 2;

    public static async Task<int> RunAsync(IReadOnlyList<string> words)
    {
        // A run that is stopped ends what it has started.
        using var stopped = new CancellationTokenSource();
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        try
        {
            if (words.Any(w => w is "--help" or "-h" or "-?"))
            {
                Console.WriteLine(ProofUsage.Text);
                return 0;
            }

            var rest = new Arguments([.. words.Skip(1)]);
            return (words.Count > 0 ? words[0] : "") switch
            {
                "chaos" when OwnMachine.IsNeeded(words) && !OwnMachine.IsHere => await OwnMachine.RunAsync(words, stopped.Token),
                "chaos" => await ChaosAsync(rest, stopped.Token),
                "points" => await PointsAsync(rest, stopped.Token),
                "fuzz" => await FuzzAsync(rest, stopped.Token),
                "sim" => await SimulateAsync(rest, stopped.Token),
                "agent" => await AgentProcess.RunAsync(rest),
                "plane" => await PlantedPlane.RunAsync(rest, stopped.Token),
                _ => throw new UsageException("Say what to run: chaos, points, fuzz or sim. docs/reliability.md tells what each does."),
            };
        }
        catch (UsageException error)
        {
            await Console.Error.WriteLineAsync($"error: {error.Message}");
            return BadUsage;
        }
        catch (Xunit.Sdk.SkipException missing)
        {
            await Console.Error.WriteLineAsync($"error: {missing.Message[(missing.Message.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()}");
            return BadUsage;
        }
        catch (OperationCanceledException) when (stopped.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("stopped");
            return Broken;
        }

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stopped.Cancel();
        }
    }

    private static async Task<int> PointsAsync(Arguments arguments, CancellationToken ct)
    {
        var (_, folder, json) = Common(arguments, "points");
        var most = arguments.Number("most", int.MaxValue);
        var postgres = Chosen(arguments, "store", "postgres", "sqlite");
        arguments.Close();
        var result = await new CrashPoints(folder, postgres, Tell).RunAsync(most, ct);
        return Evidence.Conclude(result, result.Breaches, folder, json);
    }

    private static async Task<int> ChaosAsync(Arguments arguments, CancellationToken ct)
    {
        if (arguments.Find("check") is { } left)
        {
            arguments.Close();
            var found = await ChaosVerdict.RecheckAsync(Path.GetFullPath(left));
            foreach (var breach in found) Tell($"BROKEN {breach.Rule}: {breach.Text}");
            Console.WriteLine($"{found.Count} breaches");
            return found.Count == 0 ? 0 : Broken;
        }

        var (seed, folder, json) = Common(arguments, "chaos");
        var pace = arguments.Number("pace", 1200);
        var options = new ChaosOptions
        {
            Seed = seed,
            Folder = folder,
            Kills = arguments.Number("kills", 40),
            Effects = arguments.Number("effects", 3000),
            Limit = TimeSpan.FromMinutes(arguments.Number("minutes", 60)),
            Processes = arguments.Number("processes", 3),
            AgentsEach = arguments.Number("agents", 4),
            Batch = arguments.Number("batch", 8),
            LeaseSeconds = arguments.Number("lease", 2),
            Pace = pace,
            Forgetful = arguments.Number("forgetful", 3),
            GivenBack = arguments.Number("given-back", 10),
            AgentPace = arguments.Number("agent-pace", pace * 2),
            Postgres = Chosen(arguments, "store", "postgres", "sqlite"),
            Nats = Chosen(arguments, "bus", "nats", "none"),
            Redis = Chosen(arguments, "state", "redis", "none"),
            Planes = arguments.Number("planes", 1),
            Host = arguments.Flag("host"),
            Network = arguments.Flag("network"),
            Packets = arguments.Flag("packets"),
            Disk = arguments.Flag("disk"),
            Plant = arguments.Find("plant") is { } plant ? Parse(plant) : null,
        };
        if (options is { Planes: > 1, Postgres: false }) throw new UsageException("Several planes need --store postgres.");
        arguments.Close();
        var result = await new ChaosRun(options, Tell).RunAsync(ct);
        return Evidence.Conclude(result, result.Breaches, folder, json);
    }

    private static async Task<int> FuzzAsync(Arguments arguments, CancellationToken ct)
    {
        var (seed, folder, json) = Common(arguments, "fuzz");
        var options = new FuzzOptions { Seed = seed, Folder = folder, Requests = arguments.Number("requests", 5000) };
        arguments.Close();
        var result = await new FuzzRun(options, Tell).RunAsync(ct);
        return Evidence.Conclude(result, result.Breaches, folder, json);
    }

    private static async Task<int> SimulateAsync(Arguments arguments, CancellationToken ct)
    {
        var (seed, folder, json) = Common(arguments, "sim");
        var options = new SimOptions
        {
            Agents = arguments.Number("agents", 3),
            Tasks = arguments.Number("tasks", 8),
            Steps = arguments.Number("steps", 90),
            Plant = arguments.Find("plant") is { } plant ? Parse(plant) : null,
        };
        var seeds = arguments.Number("seeds", arguments.Find("seed") is null ? 200 : 1);
        arguments.Close();
        var result = await new SimRun(options, folder, Tell).RunAsync(seed, seeds, most: 20, ct);
        return Evidence.Conclude(result, result.Breaches, folder, json);
    }

    private static (int Seed, string Folder, bool Json) Common(Arguments arguments, string what)
    {
        var seed = arguments.Number("seed", Environment.TickCount & 0x7fffffff);
        var folder = Path.GetFullPath(arguments.Find("out") ?? Path.Combine(Path.GetTempPath(), $"muster-{what}-{seed}-{Environment.ProcessId}"));
        Tell($"seed {seed}; to repeat it: ./muster {what} --seed {seed}");
        return (seed, folder, arguments.Flag("json"));
    }

    private static bool Chosen(Arguments arguments, string option, string server, string otherwise) => (arguments.Find(option) ?? otherwise) switch
    {
        var one when one == server => true,
        var one when one == otherwise => false,
        var other => throw new UsageException($"--{option} is {server} or {otherwise}, not '{other}'."),
    };

    private static Plant Parse(string plant) =>
        Enum.TryParse<Plant>(plant, ignoreCase: true, out var parsed) ? parsed : throw new UsageException($"There is no plant '{plant}'; there are {string.Join(", ", Enum.GetNames<Plant>())}.");

    // Progress goes where it does not mix with the result.
    private static void Tell(string line) => Console.Error.WriteLine(line);
}
