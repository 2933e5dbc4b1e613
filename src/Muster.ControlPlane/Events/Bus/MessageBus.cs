using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Muster.ControlPlane.Operations;

namespace Muster.ControlPlane.Events.Bus;

/// <summary>
/// Publish, subscribe, request and reply: at most once, to whoever listens now, in this process and beyond the link.
/// Nothing is kept; what must not be lost is an event in the store. Without its link it goes on among the listeners of
/// this plane.
/// </summary>
public sealed class MessageBus : IBusReceiver
{
    private readonly Lock _gate = new();
    private readonly SubjectTree<List<BusSubscription>> _listeners = new();
    private readonly ConcurrentDictionary<string, Pending> _requests = new(StringComparer.Ordinal);
    private readonly string _inboxes = $"{Subjects.Inbox}.{Random()}";
    private readonly IBusLink _link;
    private readonly TimeProvider _time;
    private Task? _inboxOpen;
    private int _subscriptions;

    public MessageBus(IBusLink link, TimeProvider time)
    {
        (_link, _time) = (link, time);
        link.Start(this);
    }

    public PartHealth Health => _link.Health;

    public int Subscriptions => Volatile.Read(ref _subscriptions);

    /// <summary>Gives a message to everybody who listens. Never waits for them.</summary>
    public Published Publish(BusMessage message)
    {
        Check(message);
        var here = Deliver(message, pattern: null);
        // An answer that somebody here awaited needs to go no further.
        var beyond = (here == 0 || !IsInbox(message.Subject)) && _link.TrySend(message);
        return new Published(here, beyond);
    }

    /// <summary>Listens to a pattern. When this returns, whatever is published afterwards arrives.</summary>
    public async Task<BusSubscription> SubscribeAsync(string pattern, CancellationToken ct)
    {
        if (!Subjects.IsPattern(pattern)) throw Refusal.Invalid("subject", Subjects.PatternRule);
        var subscription = new BusSubscription(pattern, Leave);
        lock (_gate)
        {
            var group = _listeners.Find(pattern);
            if (group is null) _listeners.Set(pattern, group = []);
            group.Add(subscription);
            Interlocked.Increment(ref _subscriptions);
        }

        try
        {
            await _link.ListenAsync(pattern, ct);
            return subscription;
        }
        catch
        {
            subscription.Dispose();
            throw;
        }
    }

    /// <summary>Asks, and waits for the first answer.</summary>
    /// <exception cref="NoResponderException">Nobody listens.</exception>
    /// <exception cref="NoReplyException">Somebody may listen, and none answered in time.</exception>
    public async Task<BusMessage> RequestAsync(BusMessage question, TimeSpan patience, CancellationToken ct)
    {
        await OpenInboxAsync(ct);
        var inbox = $"{_inboxes}.{Random()}";
        var pending = new Pending(new TaskCompletionSource<BusMessage>(TaskCreationOptions.RunContinuationsAsynchronously));
        _requests[inbox] = pending;
        try
        {
            var published = Publish(question with { ReplyTo = inbox });
            if (published is { Here: 0, Beyond: false }) throw new NoResponderException(question.Subject);
            pending.Asked(here: published.Here > 0);
            return await pending.Answer.Task.WaitAsync(patience, _time, ct);
        }
        catch (TimeoutException)
        {
            throw new NoReplyException(question.Subject, patience);
        }
        catch (NobodyBeyondException)
        {
            throw new NoResponderException(question.Subject);
        }
        finally
        {
            _requests.TryRemove(inbox, out _);
        }
    }

    void IBusReceiver.Receive(BusMessage message, string? pattern) => Deliver(message, pattern);

    void IBusReceiver.NobodyAnswers(string inbox)
    {
        if (_requests.TryGetValue(inbox, out var pending)) pending.NobodyBeyond();
    }

    private int Deliver(BusMessage message, string? pattern)
    {
        if (IsInbox(message.Subject)) return _requests.TryGetValue(message.Subject, out var pending) && pending.Answer.TrySetResult(message) ? 1 : 0;
        List<BusSubscription>? slow = null;
        var given = 0;
        lock (_gate)
        {
            foreach (var group in pattern is null ? _listeners.Match(message.Subject) : Only(_listeners.Find(pattern)))
            {
                foreach (var listener in group)
                {
                    if (listener.Offer(message)) given++;
                    else (slow ??= []).Add(listener);
                }
            }
        }

        foreach (var listener in slow ?? []) Leave(listener);
        return given;
    }

    private static List<List<BusSubscription>> Only(List<BusSubscription>? group) => group is null ? [] : [group];

    private void Leave(BusSubscription subscription)
    {
        lock (_gate)
        {
            if (_listeners.Find(subscription.Pattern) is not { } group || !group.Remove(subscription)) return;
            Interlocked.Decrement(ref _subscriptions);
            if (group.Count == 0) _listeners.Remove(subscription.Pattern);
        }

        // Outside the lock, which the link's reading loop takes: a listener of the same pattern that came meanwhile has listened for itself.
        _link.Ignore(subscription.Pattern);
    }

    /// <summary>One standing pattern for all answers, listened to at the first request.</summary>
    private Task OpenInboxAsync(CancellationToken ct)
    {
        lock (_gate)
            if (_inboxOpen is null or { IsFaulted: true } or { IsCanceled: true }) _inboxOpen = _link.ListenAsync($"{_inboxes}.*", CancellationToken.None).AsTask();
        return _inboxOpen.WaitAsync(ct);
    }

    private bool IsInbox(string subject) => subject.StartsWith(_inboxes, StringComparison.Ordinal);

    private static void Check(BusMessage message)
    {
        if (!Subjects.IsSubject(message.Subject)) throw Refusal.Invalid("subject", Subjects.Rule);
        if (message.ReplyTo is { } inbox && !Subjects.IsSubject(inbox)) throw Refusal.Invalid("replyTo", Subjects.Rule);
        if (message.Data.Length > BusMessage.MaxBytes)
            throw Refusal.Invalid("data", $"A message has at most {BusMessage.MaxBytes / 1024} KiB of data; store the bulk as an artifact and send its id.");
    }

    private static string Random() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));

    private sealed class NobodyBeyondException : Exception;

    /// <summary>A request under way. Nobody answers when nobody was asked here and nobody is there beyond; either is known first.</summary>
    private sealed class Pending(TaskCompletionSource<BusMessage> answer)
    {
        private bool? _askedHere;
        private bool _nobodyBeyond;

        public TaskCompletionSource<BusMessage> Answer { get; } = answer;

        public void Asked(bool here)
        {
            lock (Answer) _askedHere = here;
            EndIfNobody();
        }

        public void NobodyBeyond()
        {
            lock (Answer) _nobodyBeyond = true;
            EndIfNobody();
        }

        private void EndIfNobody()
        {
            lock (Answer)
                if (!_nobodyBeyond || _askedHere != false) return;
            Answer.TrySetException(new NobodyBeyondException());
        }
    }
}

/// <param name="Here">Listeners of this plane that have it.</param>
/// <param name="Beyond">Whether it was handed to the link as well; who has it there is not known.</param>
public readonly record struct Published(int Here, bool Beyond);
