namespace Muster.ControlPlane.Models.Protocols;

/// <summary>
/// Calls of tools, one after the other. Some providers send the arguments of several calls interleaved, and close them all at
/// the end; where a protocol has one block open at a time, the others wait.
/// </summary>
internal sealed class CallOrder
{
    private readonly List<Waiting> _calls = [];

    /// <summary>What can be written now.</summary>
    public IEnumerable<AnswerEvent> Next(AnswerEvent happened)
    {
        switch (happened)
        {
            case CallBegun begun:
                _calls.Add(new Waiting(begun.Index));
                break;
            case CallEnded ended:
                if (Find(ended.Index) is { } over) over.Ended = true;
                break;
        }

        var index = happened switch { CallBegun b => b.Index, CallArguments a => a.Index, CallEnded e => e.Index, _ => -1 };
        if (Find(index) is not { } call) yield break;
        call.Events.Enqueue(happened);
        while (_calls.Count > 0)
        {
            while (_calls[0].Events.TryDequeue(out var turn)) yield return turn;
            // A call whose successor has begun gets no more where the provider sends them in order, but only its end says so.
            if (!_calls[0].Ended) yield break;
            _calls.RemoveAt(0);
        }
    }

    /// <summary>What is left when the answer ends.</summary>
    public IEnumerable<AnswerEvent> Rest()
    {
        foreach (var call in _calls)
        {
            while (call.Events.TryDequeue(out var turn)) yield return turn;
            if (!call.Ended) yield return new CallEnded(call.Index);
        }

        _calls.Clear();
    }

    private Waiting? Find(int index) => _calls.FindLast(c => c.Index == index);

    private sealed class Waiting(int index)
    {
        public int Index => index;
        public bool Ended { get; set; }
        public Queue<AnswerEvent> Events { get; } = [];
    }
}
