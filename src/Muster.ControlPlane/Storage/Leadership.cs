using System.Diagnostics.CodeAnalysis;

namespace Muster.ControlPlane.Storage;

/// <summary>
/// Whether this plane does what only one of the planes on a store may do. The store says so, for a time; a plane that could
/// not ask again in time stops by its own clock. Whatever a duty writes is refused by the store once its term is over, so
/// that a plane which was held up and does not know yet that it was replaced changes nothing.
/// </summary>
public sealed class Leadership
{
    private readonly Lock _gate = new();

    // Follows a duty into everything it calls: no write of it can be forgotten.
    private readonly AsyncLocal<Tenure?> _duty = new();
    private TaskCompletionSource<Tenure> _next = NewTurn();
    private Tenure? _current;

    /// <summary>For a store that one plane alone may open.</summary>
    public static Leadership Sole()
    {
        var leadership = new Leadership();
        leadership.Take(1, Timeout.InfiniteTimeSpan);
        return leadership;
    }

    public bool IsHeld => Volatile.Read(ref _current) is { } tenure && !tenure.Over.IsCancellationRequested;

    /// <summary>The term in which this plane leads; null when it does not.</summary>
    public long? Term => Volatile.Read(ref _current) is { } tenure && !tenure.Over.IsCancellationRequested ? tenure.Term : null;

    /// <summary>The term on whose behalf the caller acts; null outside of a duty.</summary>
    internal Tenure? Duty => _duty.Value;

    /// <summary>The store gave this plane the lead, or leaves it.</summary>
    /// <param name="term">Since when, in terms.</param>
    /// <param name="valid">How long that holds unless it is said again; an answer that was that long on its way gives nothing.</param>
    public void Take(long term, TimeSpan valid)
    {
        lock (_gate)
        {
            if (valid <= TimeSpan.Zero && valid != Timeout.InfiniteTimeSpan)
            {
                EndCurrent();
                return;
            }

            if (_current is { } now && now.Term == term && now.TryExtend(valid)) return;
            EndCurrent();
            _current = new Tenure(term);
            _current.TryExtend(valid);
            _next.TrySetResult(_current);
        }
    }

    /// <summary>Another plane leads, or nobody knows.</summary>
    public void Lose()
    {
        lock (_gate) EndCurrent();
    }

    /// <summary>
    /// Does something whenever, and for as long as, this plane leads: begins it anew with each term and cancels it when the
    /// term is over. What it must know it reads at its beginning, for others may have done it meanwhile.
    /// </summary>
    public async Task RunAsync(Func<CancellationToken, Task> duty, CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            var turn = await NextAsync(ct);
            if (turn is null) return;
            _duty.Value = turn;
            using var both = CancellationTokenSource.CreateLinkedTokenSource(ct, turn.Over);
            try
            {
                await duty(both.Token);
                // Done before the term is over: there is nothing more to do in it.
                await Task.Delay(Timeout.InfiniteTimeSpan, both.Token);
            }
            catch (OperationCanceledException) when (both.IsCancellationRequested)
            {
                // The term is over or the plane stops.
            }

            _duty.Value = null;
        }
    }

    internal Task LoseAsync(Tenure tenure)
    {
        lock (_gate)
            if (ReferenceEquals(_current, tenure)) EndCurrent();
        return tenure.EndAsync();
    }

    private static TaskCompletionSource<Tenure> NewTurn() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task<Tenure?> NextAsync(CancellationToken ct)
    {
        while (true)
        {
            Task<Tenure> next;
            lock (_gate)
            {
                // A term that its own clock has ended leaves nobody in the lead until the store speaks again.
                if (_current is { Over.IsCancellationRequested: true }) EndCurrent();
                next = _next.Task;
            }

            try
            {
                var tenure = await next.WaitAsync(ct);
                if (!tenure.Over.IsCancellationRequested) return tenure;
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return null;
            }
        }
    }

    private void EndCurrent()
    {
        if (_current is null) return;
        _ = _current.EndAsync();
        _current = null;
        _next = NewTurn();
    }

    [SuppressMessage("Design", "CA1001", Justification = "Never disposed: duties hold its token for as long as they need to end.")]
    internal sealed class Tenure(long term)
    {
        private readonly CancellationTokenSource _over = new();

        public long Term { get; } = term;

        public CancellationToken Over => _over.Token;

        /// <summary>False when it is over already: what was cancelled does not come back.</summary>
        public bool TryExtend(TimeSpan valid)
        {
            if (_over.IsCancellationRequested) return false;
            _over.CancelAfter(valid);
            return !_over.IsCancellationRequested;
        }

        /// <summary>Whoever acts for it hears of it on threads of the pool, never on the caller's, which may be the store's writer.</summary>
        public Task EndAsync() => _over.CancelAsync();
    }
}

/// <summary>The term of the duty that wanted to write is over: another plane leads now.</summary>
public sealed class LeadershipLostException() : Exception("Another plane leads now.");
