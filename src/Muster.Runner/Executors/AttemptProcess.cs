using Muster.Runner.Processes;

namespace Muster.Runner.Executors;

/// <summary>How an attempt's program ended: by itself, or with a result that is already certain, or because we wanted it to.</summary>
internal sealed record ProgramEnd
{
    public ProcessExit? Exit { get; init; }
    public ExecutionResult? Failure { get; init; }

    /// <summary>The program is not installed.</summary>
    public bool Missing { get; init; }
}

/// <summary>Runs the program of an attempt within its time. Nothing that carries the attempt's marker outlives it.</summary>
internal static class AttemptProcess
{
    public const int DefaultTimeoutSeconds = 3600;

    /// <param name="attempt">Says how long, and marks what is started.</param>
    /// <param name="spec">Makes the program's; one that is not there is a failure with its name.</param>
    /// <param name="lastLines">What it said last, for the reason.</param>
    /// <param name="cancellation">Kills it all and throws.</param>
    /// <param name="stop">Kills it all and answers with neither exit nor failure.</param>
    public static Task<ProgramEnd> RunAsync(Attempt attempt, Func<ProcessSpec> spec, Func<string> lastLines, CancellationToken cancellation, CancellationToken stop = default) =>
        RunAsync(attempt, async within => new ProgramEnd { Exit = await ProcessGroup.RunAsync(spec(), within) }, lastLines, cancellation, stop);

    /// <inheritdoc cref="RunAsync(Attempt, Func{ProcessSpec}, Func{string}, CancellationToken, CancellationToken)"/>
    public static async Task<ProgramEnd> RunAsync(Attempt attempt, Func<CancellationToken, Task<ProgramEnd>> run, Func<string> lastLines, CancellationToken cancellation, CancellationToken stop = default)
    {
        var limit = TimeSpan.FromSeconds(attempt.Definition.TimeoutSeconds ?? DefaultTimeoutSeconds);
        using var within = CancellationTokenSource.CreateLinkedTokenSource(cancellation, stop);
        within.CancelAfter(limit);
        try
        {
            return await run(within.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            if (stop.IsCancellationRequested) return new ProgramEnd();
            return new ProgramEnd { Failure = ExecutionResult.Failed($"It took longer than {limit.TotalSeconds:0} s and was ended. {lastLines()}".TrimEnd()) };
        }
        catch (ProgramNotFoundException missing)
        {
            return new ProgramEnd { Failure = ExecutionResult.Failed(missing.Message), Missing = true };
        }
        finally
        {
            // Also those that left the group.
            await MarkedProcesses.KillAsync(attempt.Marker);
        }
    }
}
