using Muster.Bench.Measure;
using Muster.Bench.Servers;

namespace Muster.Bench;

/// <summary>One thing measured: a name to ask for it by, a line about it, and how.</summary>
internal sealed record Benchmark(string Name, string About, Func<Session, Task> RunAsync)
{
    /// <summary>Whether it runs when no name is given.</summary>
    public bool ByDefault { get; init; } = true;
}

/// <summary>Runs what the command line asks for and writes down what came of it.</summary>
internal static class Runner
{
    public static async Task<int> RunAsync(IReadOnlyList<Benchmark> all, string[] args)
    {
        BenchOptions options;
        try
        {
            options = BenchOptions.Parse(args);
        }
        catch (FormatException wrong)
        {
            return Refuse(wrong.Message);
        }

        if (options.Help) return Say(BenchOptions.Usage);
        if (options.List) return Say(string.Join('\n', all.Select(b => $"{b.Name,-22}{b.About}{(b.ByDefault ? "" : " (only by name)")}")));
        if (options.Names.FirstOrDefault(n => all.All(b => b.Name != n)) is { } unknown) return Refuse($"There is no benchmark '{unknown}'; --list names them.");
        var chosen = all.Where(b => options.Names.Count == 0 ? b.ByDefault : options.Names.Contains(b.Name)).ToList();
        return await RunAsync(chosen, options, args);
    }

    private static async Task<int> RunAsync(List<Benchmark> chosen, BenchOptions options, string[] args)
    {
        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) =>
        {
            // The first time everything is stopped in good order; the second time the system ends us, and KillAll what is left.
            pressed.Cancel = !stop.IsCancellationRequested;
            stop.Cancel();
        };
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Child.KillAll();
        await using var session = await Session.StartAsync(options, args, stop.Token);
        var failed = 0;
        foreach (var benchmark in chosen)
        {
            session.Tell($"\n{benchmark.Name}: {benchmark.About}");
            try
            {
                await benchmark.RunAsync(session);
            }
            catch (MissingToolException missing)
            {
                session.Report.LeaveOut(benchmark.Name, benchmark.Name, missing.Message);
                session.Tell($"  left out: {missing.Message}");
            }
            catch (Exception fault) when (fault is InvalidDataException or InvalidOperationException or IOException or TimeoutException)
            {
                // The others still say something; the exit code says that not all is well.
                session.Report.LeaveOut(benchmark.Name, benchmark.Name, $"It failed: {fault.Message}");
                session.Tell($"  failed: {fault}");
                failed = 1;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                session.Tell("stopped; what was measured so far follows");
                failed = 130;
                break;
            }
        }

        await session.FinishAsync();
        return failed;
    }

    private static int Say(string text)
    {
        Console.WriteLine(text);
        return 0;
    }

    private static int Refuse(string text)
    {
        Console.Error.WriteLine($"error: {text}");
        Console.Error.WriteLine("  ./muster bench --help");
        return 2;
    }
}
