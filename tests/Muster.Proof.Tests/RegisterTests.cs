using System.Diagnostics;
using Muster.Contracts.Work;
using Muster.Proof.Checking;

namespace Muster.Proof.Tests;

/// <summary>The history checker says what a search through all orders says, of histories that no such search gets to the end of too.</summary>
public sealed class RegisterTests(ITestOutputHelper output)
{
    private static readonly string[] Endings = [AssignmentState.Completed, AssignmentState.Failed, AssignmentState.Released, AssignmentState.Expired, AssignmentState.Active];
    private static readonly string[] Tried = [Kinds.Write, Kinds.Renew, Kinds.Complete, Kinds.Fail, Kinds.Release];

    [Fact]
    public void It_agrees_with_a_search_through_all_orders()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var (explained, not) = (0, 0);
        for (var number = 0; number < 30_000; number++)
        {
            var (calls, attempts) = Small(random);
            var says = TaskRegister.Explain(calls, attempts);
            var expected = Agree(calls, attempts) && ExhaustiveSearch.Explains(Ending(calls, attempts), attempts);
            Assert.True(says is null == expected, $"all orders: {expected}; the checker: {says ?? "explained"}\n{string.Join('\n', calls)}\n{string.Join('\n', attempts)}");
            if (expected) explained++;
            else not++;
        }

        output.WriteLine($"{explained} explained, {not} not");
        Assert.True(explained > 1000 && not > 1000, $"{explained} explained, {not} not");
    }

    [Fact]
    public void A_long_history_is_looked_through_in_a_moment()
    {
        var clock = Stopwatch.StartNew();
        var (calls, attempts) = Long(epochs: 400, writes: 50);
        Assert.True(calls.Count > 20_000);
        Assert.Null(TaskRegister.Explain(calls, attempts));
        output.WriteLine($"{calls.Count} calls in {clock.ElapsedMilliseconds} ms");
    }

    /// <summary>What each planted bug leaves in the history of one task, deep inside a long one.</summary>
    [Theory]
    [InlineData("a write after the successor began")]
    [InlineData("a refusal while the lease was current")]
    [InlineData("a hand-in that is gone")]
    [InlineData("an epoch given twice")]
    [InlineData("an epoch that is gone")]
    [InlineData("two epochs held at once")]
    [InlineData("done twice")]
    public void One_wrong_call_in_a_long_history_is_found(string what)
    {
        var (calls, attempts) = Long(epochs: 400, writes: 50);
        var claim = calls.FindIndex(c => c is { Kind: Kinds.Claim, Epoch: 200 });
        var at = calls[claim].Answered;
        switch (what)
        {
            case "a write after the successor began": calls.Add(Made(Kinds.Write, Ends.Ok, 199, at + 1, at + 2)); break;
            case "a refusal while the lease was current": calls.Add(Made(Kinds.Write, Ends.Stale, 200, at + 1, at + 2)); break;
            case "a hand-in that is gone": calls.Add(Made(Kinds.Complete, Ends.Ok, 200, at + 1, at + 900)); break;
            case "an epoch given twice": calls.Add(calls[claim] with { Agent = "other" }); break;
            case "an epoch that is gone": calls.Add(Made(Kinds.Claim, Ends.Ok, 401, long.MaxValue - 20, long.MaxValue - 10)); break;
            case "two epochs held at once": calls[claim] = calls[claim] with { Begin = calls[claim].Begin - 400, Answered = calls[claim].Answered - 400 }; break;
            case "done twice": attempts[199] = attempts[199] with { Status = AssignmentState.Completed }; break;
        }

        Assert.NotNull(TaskRegister.Explain(calls, attempts));
    }

    /// <summary>Attempts that are written in, kept and lost, one after the other, with zombies behind each; the last one is done.</summary>
    private static (List<Call> Calls, List<AssignmentFacts> Attempts) Long(int epochs, int writes)
    {
        var calls = new List<Call>();
        var attempts = new List<AssignmentFacts>();
        var now = 0L;
        for (var epoch = 1; epoch <= epochs; epoch++)
        {
            calls.Add(Made(Kinds.Claim, Ends.Ok, epoch, now += 10, now += 10));
            for (var write = 0; write < writes; write++) calls.Add(Made(write % 2 == 0 ? Kinds.Write : Kinds.Renew, Ends.Ok, epoch, now += 10, now += 10));
            if (epoch > 1) calls.Add(Made(Kinds.Complete, Ends.Stale, epoch - 1, now += 10, now += 10));
            if (epoch == epochs) calls.Add(Made(Kinds.Complete, Ends.Ok, epoch, now += 10, now += 10));
            attempts.Add(new AssignmentFacts { Id = $"s{epoch}", TaskId = "a", Epoch = epoch, Agent = "x", Status = epoch == epochs ? AssignmentState.Completed : AssignmentState.Expired });
        }

        return (calls, attempts);
    }

    /// <summary>Few calls at few moments, so that ties, overlaps and contradictions are common.</summary>
    private static (List<Call> Calls, List<AssignmentFacts> Attempts) Small(Random random)
    {
        var attempts = Enumerable.Range(1, random.Next(1, 4)).Select(epoch => new AssignmentFacts { Id = $"s{epoch}", TaskId = "a", Epoch = epoch, Agent = "x" }).ToList();
        for (var i = 0; i < attempts.Count; i++) attempts[i] = attempts[i] with { Status = i < attempts.Count - 1 ? Endings[random.Next(1, 4)] : Endings[random.Next(5)] };
        var calls = new List<Call>();
        foreach (var attempt in attempts.Where(_ => random.Next(5) > 0)) calls.Add(At(random, attempt.Epoch * 6 - 6, Kinds.Claim, Ends.Ok, attempt.Epoch));
        foreach (var attempt in attempts.Where(a => a.Status != AssignmentState.Active && random.Next(6) > 0))
            calls.Add(At(random, attempt.Epoch * 6 - 3, Array.Find(Tried, k => Ended(k) == attempt.Status) ?? Kinds.Write, random.Next(3) == 0 ? Ends.Unknown : Ends.Ok, attempt.Epoch));
        for (var more = random.Next(5); more > 0; more--)
            calls.Add(At(random, random.Next(18), Tried[random.Next(Tried.Length)], random.Next(2) == 0 ? Ends.Stale : random.Next(3) == 0 ? Ends.Unknown : Ends.Ok, random.Next(1, attempts.Count + 1)));
        return (calls, attempts);
    }

    private static Call At(Random random, int around, string kind, string end, int epoch)
    {
        var begin = around + random.Next(4);
        return Made(kind, end, epoch, begin, end == Ends.Unknown ? long.MaxValue : begin + random.Next(6));
    }

    /// <summary>The store has what was acknowledged. The search takes a hand-in for gone as soon as another has ended the attempt; the checker asks for the very one.</summary>
    private static bool Agree(List<Call> calls, List<AssignmentFacts> attempts) => calls.TrueForAll(c => c.End != Ends.Ok || Ended(c.Kind) is not { } status || attempts[c.Epoch - 1].Status == status);

    /// <summary>Without the unanswered hand-ins that have not ended their attempt.</summary>
    private static List<Call> Ending(List<Call> calls, List<AssignmentFacts> attempts) => calls.FindAll(c => c.End != Ends.Unknown || attempts[c.Epoch - 1].Status == Ended(c.Kind));

    private static string? Ended(string kind) => kind switch
    {
        Kinds.Complete => AssignmentState.Completed,
        Kinds.Fail => AssignmentState.Failed,
        Kinds.Release => AssignmentState.Released,
        _ => null,
    };

    private static Call Made(string kind, string end, int epoch, long begin, long answered) =>
        new() { Kind = kind, End = end, Begin = begin, Answered = answered, Task = "a", Epoch = epoch, Agent = "x" };
}
