using Muster.Bench.Servers;

namespace Muster.Bench.Measure;

/// <summary>Somebody who takes part: prepared once, run every round in turn with the others.</summary>
internal interface IContender : IAsyncDisposable
{
    string Name { get; }

    /// <summary>What a sample's value counts, such as "tasks/s".</summary>
    string Unit { get; }

    Task<Sample> RunAsync(CancellationToken ct);
}

/// <summary>Runs contenders in turn, round after round, and reports medians of the quiet runs.</summary>
internal static class Rounds
{
    /// <param name="session">The run.</param>
    /// <param name="benchmark">Under which name to report.</param>
    /// <param name="size">Tasks waiting, where the benchmark has sizes.</param>
    /// <param name="contenders">Makers, so that one which lacks a tool leaves the others alone.</param>
    public static async Task CompareAsync(Session session, string benchmark, int? size, params (string Name, Func<Task<IContender>> Make)[] contenders)
    {
        var taking = new List<(IContender Contender, List<Sample> Samples)>();
        try
        {
            foreach (var (name, make) in contenders.Where(c => session.Options.Only is not { } only || c.Name.Contains(only, StringComparison.OrdinalIgnoreCase)))
            {
                try
                {
                    taking.Add((await make(), []));
                }
                catch (MissingToolException missing)
                {
                    session.Report.LeaveOut(benchmark, name, missing.Message);
                    session.Tell($"  {name} is left out: {missing.Message}");
                }
            }

            await RoundsAsync(session, taking);
        }
        finally
        {
            foreach (var (contender, samples) in taking)
            {
                if (samples.Count > 0) session.Report.Add(benchmark, size, contender, samples);
                await contender.DisposeAsync();
            }
        }
    }

    private static async Task RoundsAsync(Session session, List<(IContender Contender, List<Sample> Samples)> taking)
    {
        // Twice as many tries as rounds: enough to get past a burst of somebody else's work, not to wait for ever.
        for (var round = 1; round <= session.Options.Rounds * 2 && taking.Any(t => t.Samples.Count(s => s.IsQuiet) < session.Options.Rounds); round++)
        {
            foreach (var (contender, samples) in taking.Where(t => t.Samples.Count(s => s.IsQuiet) < session.Options.Rounds))
            {
                if (session.Options.Quick && samples.Count >= session.Options.Rounds) continue;
                var sample = await contender.RunAsync(session.Stop);
                samples.Add(sample);
                session.Tell($"  round {round}  {contender.Name,-44} {sample.Value,12:N0} {contender.Unit}{(sample.IsQuiet ? "" : $"   dropped: others took {sample.OthersShare:P0}")}");
            }
        }
    }
}
