using System.Diagnostics;
using Muster.ControlPlane.Events.Bus;
using Muster.ControlPlane.Operations;

namespace Muster.Conformance.Bus;

/// <summary>What every bus does, whatever carries it.</summary>
[Trait("req", "B3")]
public sealed class BusConformanceTests
{
    public static TheoryData<string> Kinds => BusRig.Kinds;

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_message_reaches_every_listener_of_a_fitting_pattern_once_here_and_at_another_plane(string kind)
    {
        await using var rig = await BusRig.StartAsync(kind);
        var (here, there) = (await rig.PlaneAsync(), await rig.PlaneAsync());
        string[] fitting = ["agents.FLT.review", "agents.*.review", "agents.FLT.*", "agents.>", "agents.FLT.>", "*.*.*", ">"];
        string[] others = ["agents.FLT", "agents.FLT.review.x", "agents.FLT.revie", "agents.*", "agents.FLT.review.>", "AGENTS.FLT.review"];
        List<Listener> listeners = [];
        foreach (var bus in new[] { here, there })
            foreach (var pattern in fitting.Concat(others)) listeners.Add(await Listener.AtAsync(bus, pattern));
        // A second one at the same pattern is another listener.
        listeners.Add(await Listener.AtAsync(there, "agents.FLT.review"));

        here.Publish(Say.Text("agents.FLT.review", "first"));
        here.Publish(Say.Text("agents.FLT.review", "last"));

        foreach (var (listener, index) in listeners.Select((l, i) => (l, i)))
        {
            var fits = index == listeners.Count - 1 || index % (fitting.Length + others.Length) < fitting.Length;
            if (fits) await listener.HeardAsync(2);
            Assert.Equal(fits ? ["first", "last"] : [], listener.Texts);
            Assert.All(listener.Heard, m => Assert.Equal(("agents.FLT.review", "tester"), (m.Subject, m.From)));
        }

        foreach (var listener in listeners) await listener.DisposeAsync();
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task Messages_of_one_speaker_come_in_the_order_they_were_said(string kind)
    {
        await using var rig = await BusRig.StartAsync(kind);
        var (here, there) = (await rig.PlaneAsync(), await rig.PlaneAsync());
        await using var listener = await Listener.AtAsync(there, "agents.FLT.>");
        for (var i = 0; i < 500; i++) here.Publish(Say.Text($"agents.FLT.{i % 7}", $"{i}"));
        await listener.HeardAsync(500);
        Assert.Equal(Enumerable.Range(0, 500).Select(i => $"{i}"), listener.Texts);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_request_is_answered_from_here_and_from_another_plane(string kind)
    {
        await using var rig = await BusRig.StartAsync(kind);
        var (here, there) = (await rig.PlaneAsync(), await rig.PlaneAsync());
        foreach (var asking in new[] { here, there })
        {
            using var stop = new CancellationTokenSource();
            using var questions = await there.SubscribeAsync("agents.FLT.double", default);
            var answering = AnswerAsync(there, questions, stop.Token);
            foreach (var number in new[] { 1, 2, 3 })
                Assert.Equal($"{2 * number}", (await asking.RequestAsync(Say.Text("agents.FLT.double", $"{number}"), TimeSpan.FromSeconds(5), default)).Words());
            await stop.CancelAsync();
            await answering;
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_request_that_nobody_listens_to_is_told_at_once_and_one_that_nobody_answers_when_time_is_up(string kind)
    {
        await using var rig = await BusRig.StartAsync(kind);
        var (here, there) = (await rig.PlaneAsync(), await rig.PlaneAsync());
        var clock = Stopwatch.StartNew();
        if (!rig.KnowsWhoListens) await Assert.ThrowsAsync<NoReplyException>(() => here.RequestAsync(Say.Text("agents.FLT.nobody", "?"), TimeSpan.FromMilliseconds(200), default));
        else await Assert.ThrowsAsync<NoResponderException>(() => here.RequestAsync(Say.Text("agents.FLT.nobody", "?"), TimeSpan.FromSeconds(30), default));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"It took {clock.Elapsed}.");

        await using var silent = await Listener.AtAsync(there, "agents.FLT.silent");
        await Assert.ThrowsAsync<NoReplyException>(() => here.RequestAsync(Say.Text("agents.FLT.silent", "?"), TimeSpan.FromMilliseconds(200), default));
        Assert.Single(silent.Heard);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_listener_that_does_not_read_is_cut_off_and_told_and_holds_nobody_up(string kind)
    {
        await using var rig = await BusRig.StartAsync(kind);
        var (here, there) = (await rig.PlaneAsync(), await rig.PlaneAsync());
        using var slow = await there.SubscribeAsync("agents.FLT.flood", default);
        await using var brisk = await Listener.AtAsync(there, "agents.FLT.*");
        // In steps that the brisk one can follow; the slow one reads nothing.
        for (var sent = 0; sent < BusSubscription.MaxMessages + 100; sent += 100)
        {
            for (var i = 0; i < 100; i++) here.Publish(Say.Text("agents.FLT.flood", $"{sent + i}"));
            await brisk.HeardAsync(sent + 100);
        }

        var read = 0;
        await Assert.ThrowsAsync<SlowListenerException>(async () =>
        {
            await foreach (var _ in slow.ReadAsync(default)) read++;
        });
        Assert.Equal(BusSubscription.MaxMessages, read);
        Assert.Equal(1, there.Subscriptions);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_listener_that_does_not_read_large_messages_is_cut_off_by_their_bytes(string kind)
    {
        await using var rig = await BusRig.StartAsync(kind);
        var bus = await rig.PlaneAsync();
        using var slow = await bus.SubscribeAsync("agents.FLT.flood", default);
        var large = new string('x', BusMessage.MaxBytes);
        for (var i = 0; i < 100; i++) bus.Publish(Say.Text("agents.FLT.flood", large));
        var read = 0L;
        await Assert.ThrowsAsync<SlowListenerException>(async () =>
        {
            await foreach (var message in slow.ReadAsync(default)) read += message.Data.Length;
        });
        Assert.InRange(read, BusSubscription.MaxBytes / 2, BusSubscription.MaxBytes);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task The_largest_message_arrives_whole_and_a_larger_one_is_refused(string kind)
    {
        await using var rig = await BusRig.StartAsync(kind);
        var (here, there) = (await rig.PlaneAsync(), await rig.PlaneAsync());
        await using var listener = await Listener.AtAsync(there, "agents.FLT.large");
        var bytes = new byte[BusMessage.MaxBytes];
        new Random(7).NextBytes(bytes);
        here.Publish(new BusMessage("agents.FLT.large", bytes));
        here.Publish(new BusMessage("agents.FLT.large", ReadOnlyMemory<byte>.Empty));
        await listener.HeardAsync(2);
        Assert.Equal(bytes, listener.Heard[0].Data.ToArray());
        Assert.Empty(listener.Heard[1].Data.ToArray());
        Assert.Throws<Refusal>(() => here.Publish(new BusMessage("agents.FLT.large", new byte[BusMessage.MaxBytes + 1])));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task What_is_no_subject_is_refused(string kind)
    {
        await using var rig = await BusRig.StartAsync(kind);
        var bus = await rig.PlaneAsync();
        foreach (var wrong in new[] { "", ".", "a.", ".a", "a..b", "a b", "a\r\nPUB b 0", "a.>", "*", "a.\u00e4", new string('a', 256) })
            Assert.Throws<Refusal>(() => bus.Publish(Say.Text(wrong, "x")));
        foreach (var wrong in new[] { "", "a..b", "a.>.b", "a.b*", "a.>>", "a\nb" })
            await Assert.ThrowsAsync<Refusal>(() => bus.SubscribeAsync(wrong, default));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task Who_has_left_hears_nothing_and_who_stays_at_the_same_pattern_goes_on(string kind)
    {
        await using var rig = await BusRig.StartAsync(kind);
        var (here, there) = (await rig.PlaneAsync(), await rig.PlaneAsync());
        await using var stays = await Listener.AtAsync(there, "agents.FLT.talk");
        var leaves = await Listener.AtAsync(there, "agents.FLT.talk");
        here.Publish(Say.Text("agents.FLT.talk", "to both"));
        await leaves.HeardAsync(1);
        await leaves.DisposeAsync();
        here.Publish(Say.Text("agents.FLT.talk", "to one"));
        await stays.HeardAsync(2);
        Assert.Equal(["to both"], leaves.Texts);
        Assert.Equal(1, there.Subscriptions);
    }

    private static async Task AnswerAsync(MessageBus bus, BusSubscription questions, CancellationToken ct)
    {
        try
        {
            await foreach (var question in questions.ReadAsync(ct))
                bus.Publish(Say.Text(question.ReplyTo!, $"{2 * int.Parse(question.Words())}"));
        }
        catch (OperationCanceledException)
        {
            // The test has what it wanted.
        }
    }
}
