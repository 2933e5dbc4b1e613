namespace Muster.Proof.Planting;

/// <summary>
/// Bugs that are built in on purpose, to see that the checker finds them. They are made around the real plane, from outside:
/// by another <c>Store</c> and another first step of the request's way, both of which only this project can put there. The
/// product has no switch for them.
/// </summary>
public enum Plant
{
    /// <summary>A lease of any epoch is taken for the current one.</summary>
    SkipEpochCheck,

    /// <summary>The answer goes out while the commit is still to come.</summary>
    AcknowledgeBeforeCommit,

    /// <summary>An event is taken out of the log and leaves a hole.</summary>
    DropEvent,

    /// <summary>An event is written down as another, so that there is no hole and only the rows tell.</summary>
    ReplaceEvent,

    /// <summary>A finished task does not lower the counts of its successors.</summary>
    ForgetSuccessors,

    /// <summary>A claim is answered with what another agent was just given.</summary>
    DoubleClaim,

    /// <summary>A hand-in that comes again is counted again.</summary>
    CountTwice,
}
