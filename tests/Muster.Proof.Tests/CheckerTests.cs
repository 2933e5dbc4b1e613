using Muster.Contracts.Work;
using Muster.Proof.Checking;

namespace Muster.Proof.Tests;

/// <summary>The checker against histories and stores that are wrong in one way each.</summary>
public sealed class CheckerTests
{
    [Fact]
    public void A_life_with_a_lost_lease_and_a_successor_is_explained() => Assert.Null(TaskRegister.Explain(
        [Claim(1, 10, 20), Made(Kinds.Write, Ends.Ok, 1, 30, 40), Claim(2, 60, 70), Made(Kinds.Complete, Ends.Stale, 1, 80, 90), Made(Kinds.Complete, Ends.Ok, 2, 85, 95)],
        [Attempt(1, AssignmentState.Expired), Attempt(2, AssignmentState.Completed)]));

    [Fact]
    public void A_write_that_was_taken_after_the_successor_began_is_not() => Assert.NotNull(TaskRegister.Explain(
        [Claim(1, 10, 20), Claim(2, 60, 70), Made(Kinds.Write, Ends.Ok, 1, 80, 90)],
        [Attempt(1, AssignmentState.Expired), Attempt(2, AssignmentState.Active)]));

    [Fact]
    public void A_write_that_overlapped_the_takeover_is() => Assert.Null(TaskRegister.Explain(
        [Claim(1, 10, 20), Claim(2, 60, 70), Made(Kinds.Write, Ends.Ok, 1, 50, 90)],
        [Attempt(1, AssignmentState.Expired), Attempt(2, AssignmentState.Active)]));

    [Fact]
    public void A_refusal_of_a_current_lease_is_not() => Assert.NotNull(TaskRegister.Explain(
        [Claim(1, 10, 20), Made(Kinds.Write, Ends.Stale, 1, 30, 40), Made(Kinds.Complete, Ends.Ok, 1, 50, 60)],
        [Attempt(1, AssignmentState.Completed)]));

    [Fact]
    public void Epochs_given_in_the_wrong_order_are_not() => Assert.NotNull(TaskRegister.Explain(
        [Claim(2, 10, 20), Claim(1, 30, 40)],
        [Attempt(1, AssignmentState.Expired), Attempt(2, AssignmentState.Active)]));

    [Fact]
    public void An_unknown_hand_in_may_have_happened_or_not()
    {
        Call[] calls = [Claim(1, 10, 20), Made(Kinds.Complete, Ends.Unknown, 1, 30, long.MaxValue)];
        Assert.Null(TaskRegister.Explain(calls, [Attempt(1, AssignmentState.Completed)]));
        Assert.Null(TaskRegister.Explain(calls, [Attempt(1, AssignmentState.Active)]));
        Assert.Null(TaskRegister.Explain(calls, [Attempt(1, AssignmentState.Expired)]));
    }

    [Fact]
    public void A_completion_that_nobody_sent_is_not() =>
        Assert.NotNull(TaskRegister.Explain([Claim(1, 10, 20)], [Attempt(1, AssignmentState.Completed)]));

    [Fact]
    public void A_sound_store_has_no_breach() => Assert.Empty(StoreInvariants.Check(Sound()));

    [Theory]
    [InlineData(Rules.EventGap)]
    [InlineData(Rules.EventsDisagree)]
    [InlineData(Rules.EffectTwice)]
    [InlineData(Rules.Epochs)]
    [InlineData(Rules.OneActive)]
    [InlineData(Rules.Readiness)]
    [InlineData(Rules.Counters)]
    [InlineData(Rules.StoreDamaged)]
    public void A_store_that_is_wrong_in_one_way_is_found(string rule)
    {
        var sound = Sound();
        var wrong = rule switch
        {
            Rules.EventGap => sound with { Events = [.. sound.Events.Where(e => e.Seq != 2)] },
            Rules.EventsDisagree => sound with { Events = [.. sound.Events.Select(e => e.Seq == 2 ? e with { Type = "custom.other" } : e)] },
            Rules.EffectTwice => sound with { Events = [.. sound.Events, new EventFacts { Seq = 6, Id = "6", Type = "task.completed", TaskId = "a", Data = """{"epoch":1}""" }] },
            Rules.Epochs => sound with { Assignments = [.. sound.Assignments.Select(a => a with { Epoch = 2 })] },
            Rules.OneActive => sound with { Assignments = [.. sound.Assignments.Select(a => a with { Status = AssignmentState.Active })] },
            Rules.Readiness => sound with { Tasks = [sound.Tasks[0], sound.Tasks[1] with { OpenDependencies = 1, Ready = false }] },
            Rules.Counters => sound with { Counters = [("e", 1, 0)] },
            _ => sound with { Damage = ["page 3 is never used"] },
        };
        Assert.Contains(StoreInvariants.Check(wrong), b => b.Rule == rule);
    }

    [Fact]
    public void What_was_acknowledged_must_be_there_once()
    {
        var facts = Sound();
        Call[] calls = [Claim(1, 10, 20), Made(Kinds.Complete, Ends.Ok, 1, 30, 40) with { Effect = "e" }];
        Assert.Empty(Acknowledged.Check(facts, calls));
        Assert.Contains(Acknowledged.Check(facts with { Effects = new Dictionary<string, int>(StringComparer.Ordinal) }, calls), b => b.Rule == Rules.AcknowledgedLost);
        Assert.Contains(Acknowledged.Check(facts with { Effects = new Dictionary<string, int>(StringComparer.Ordinal) { ["e"] = 2 } }, calls), b => b.Rule == Rules.EffectTwice);
        Assert.Contains(Acknowledged.Check(facts with { Assignments = [] }, calls), b => b.Rule == Rules.AcknowledgedLost);
        Assert.Contains(Acknowledged.Check(facts, [.. calls, Claim(1, 10, 20) with { Agent = "y" }]), b => b.Rule == Rules.GrantedTwice);
        Assert.Contains(Acknowledged.Check(facts, [.. calls, new Call { Kind = Kinds.Create, End = Ends.Ok, Begin = 1, Answered = 2, Task = "gone", Epoch = 0 }]), b => b.Rule == Rules.AcknowledgedLost);
    }

    [Fact]
    public void A_renewal_by_a_plane_that_had_not_heard_yet_is_explained_and_a_write_is_not()
    {
        var facts = Sound();
        Call[] told = [Made(Kinds.Create, Ends.Ok, 0, 1, 2), Claim(1, 10, 20) with { Assignment = "s" }, Made(Kinds.Complete, Ends.Ok, 1, 30, 40) with { Effect = "e" }];
        Call[] renewed = [.. told, Made(Kinds.Renew, Ends.Ok, 1, 45, 50)];
        Assert.Contains(Acknowledged.Check(facts, renewed), b => b.Rule == Rules.NotLinearizable);
        Assert.Contains(Acknowledged.Check(facts, renewed, lag: 4), b => b.Rule == Rules.NotLinearizable);
        Assert.Empty(Acknowledged.Check(facts, renewed, lag: 6));
        Assert.Contains(Acknowledged.Check(facts, [.. told, Made(Kinds.Write, Ends.Ok, 1, 45, 50)], lag: 6), b => b.Rule == Rules.NotLinearizable);
    }

    [Fact]
    public void A_stream_tells_what_the_log_holds_and_nothing_else()
    {
        var log = Sound().Events;
        Assert.Empty(EventStream.Check(log, [.. log.Select(e => (e.Seq, e.Id))]));
        Assert.NotEmpty(EventStream.Check(log, [(1, "1"), (3, "3")]));
        Assert.NotEmpty(EventStream.Check(log, [(5, "5"), (6, "taken back")]));
    }

    private static StoreFacts Sound() => new(
        [
            new TaskFacts { Id = "a", Number = 1, Status = TaskState.Done, Epoch = 1 },
            new TaskFacts { Id = "b", Number = 2, Status = TaskState.Pending, Ready = true },
        ],
        [new AssignmentFacts { Id = "s", TaskId = "a", Epoch = 1, Status = AssignmentState.Completed, Agent = "x" }],
        [
            new EventFacts { Seq = 1, Id = "1", Type = "task.created", TaskId = "a" },
            new EventFacts { Seq = 2, Id = "2", Type = "task.claimed", TaskId = "a", Data = """{"epoch":1}""" },
            new EventFacts { Seq = 3, Id = "3", Type = "task.created", TaskId = "b" },
            new EventFacts { Seq = 4, Id = "4", Type = "task.completed", TaskId = "a", Data = """{"epoch":1}""" },
            new EventFacts { Seq = 5, Id = "5", Type = "task.ready", TaskId = "b" },
        ],
        [("b", "a")],
        [("e", 1, 1)],
        new Dictionary<string, int>(StringComparer.Ordinal) { ["e"] = 1 },
        []);

    private static Call Claim(int epoch, long begin, long answered) => Made(Kinds.Claim, Ends.Ok, epoch, begin, answered);

    private static Call Made(string kind, string end, int epoch, long begin, long answered) =>
        new() { Kind = kind, End = end, Begin = begin, Answered = answered, Task = "a", Epoch = epoch, Agent = "x" };

    private static AssignmentFacts Attempt(int epoch, string status) => new() { Id = $"s{epoch}", TaskId = "a", Epoch = epoch, Status = status, Agent = "x" };
}
