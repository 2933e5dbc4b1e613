using Muster.Client.Work;
using Muster.Contracts.Work;

namespace Muster.Client.Tests.Work;

[Trait("req", "B4")]
public sealed class OutcomeTests
{
    [Fact]
    public void Code_that_returns_because_it_was_interrupted_has_not_completed() =>
        Assert.Equal("why", Outcome.Decide(null, null, TaskStop.Stopping, "why").Release!.Reason);

    [Fact]
    public void What_was_said_before_the_interruption_counts()
    {
        var said = Outcome.Completed(new CompleteAssignment { Summary = "ready" });

        Assert.Same(said, Outcome.Decide(said, new OperationCanceledException(), TaskStop.Stopping, "why"));
    }

    [Fact]
    public void Nothing_is_said_for_a_lost_lease_whatever_the_code_did() =>
        Assert.Same(Outcome.Lost, Outcome.Decide(Outcome.Completed(new CompleteAssignment()), null, TaskStop.LeaseLost, "why"));

    [Fact]
    public void An_error_after_the_result_was_said_still_fails_the_attempt() =>
        Assert.Equal("broke", Outcome.Decide(Outcome.Completed(new CompleteAssignment()), new IOException("broke"), TaskStop.None, null).Fail!.Reason);

    [Fact]
    public void A_plane_out_of_reach_is_not_the_tasks_blame() =>
        Assert.NotNull(Outcome.Decide(null, new PlaneUnreachableException(new Uri("http://x"), "gone."), TaskStop.None, null).Release);

    [Fact]
    public void A_bounded_reason_does_not_tear_a_character_apart()
    {
        var reason = Outcome.Failed(new string('x', 1998) + "\U0001F600\U0001F600", retry: true).Fail!.Reason;

        Assert.Equal(new string('x', 1998) + "…", reason);
    }
}
