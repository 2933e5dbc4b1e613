using Muster.Contracts.Work;

namespace Muster.ControlPlane.Work;

/// <summary>Decides what follows a bad end of an attempt. Pure: facts in, decision out.</summary>
public static class FailurePolicy
{
    /// <summary>Losses (the agent died, the lease ran out) weigh less than failures: machines die for reasons of their own.</summary>
    private const int LossesPerFailure = 4;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(5);

    /// <param name="failures">Attempts that failed, this one included.</param>
    /// <param name="losses">Attempts whose agent was lost, this one included.</param>
    /// <param name="agents">Different agents among those attempts.</param>
    /// <param name="maxFailures">The project's limit.</param>
    public static TaskFact Decide(int failures, int losses, int agents, int maxFailures)
    {
        var exhausted = failures >= maxFailures || losses >= maxFailures * LossesPerFailure;
        if (!exhausted) return TaskFact.TriedAgain;
        if (agents >= 2) return TaskFact.Poisoned;

        // One agent alone proves nothing about the task; it gets twice the tries before a person is asked.
        return failures >= maxFailures * 2 || losses >= maxFailures * LossesPerFailure * 2 ? TaskFact.GivenUp : TaskFact.TriedAgain;
    }

    /// <summary>Exponential with full jitter, so that tasks that failed together do not come back together.</summary>
    /// <param name="random">0 to 1.</param>
    public static TimeSpan Delay(int failures, double random)
    {
        var ceiling = Math.Min(LongestDelay.TotalMilliseconds, FirstDelay.TotalMilliseconds * Math.Pow(2, Math.Min(failures - 1, 20)));
        return TimeSpan.FromMilliseconds(ceiling * random);
    }

    /// <summary>A loss is tried again at once: the fault was the agent's, and another one may be idle.</summary>
    public static bool DelaysAfter(string outcome) => outcome is AssignmentState.Failed or Outcomes.CheckFailed;
}

/// <summary>How an attempt can end beside the states of an assignment.</summary>
public static class Outcomes
{
    public const string CheckFailed = "check_failed";
    public const string Conflict = "conflict";
    public const string ChangesRequested = "changes_requested";
    public const string EvidenceRefused = "evidence_refused";
}
