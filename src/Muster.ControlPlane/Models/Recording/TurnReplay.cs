using Muster.ControlPlane.Models.Calling;

namespace Muster.ControlPlane.Models.Recording;

/// <summary>
/// Knows a request by its task, its round and its turn, whatever it says. An attempt that was lost has handed nothing in, so the
/// next one begins the same round's conversation again: a kill at any moment departs from nothing.
/// </summary>
internal sealed class TurnReplay : IReplay
{
    private readonly Dictionary<(string Task, int Round, int Turn, ModelProtocol Protocol), List<RecordedCall>> _calls = [];
    private readonly List<RunPlace> _tasks = [];
    private readonly string _path;
    private readonly Lock _lock = new();
    private readonly ReplayedRuns<Dictionary<(int Round, int Turn), int>> _runs = new();
    private readonly SecretText _secrets = new([]);

    private TurnReplay(string path) => _path = path;

    /// <exception cref="InvalidDataException">It is no recording, or none of a task; the message says where and why.</exception>
    public static TurnReplay Load(string path)
    {
        var replay = new TurnReplay(path);
        foreach (var call in RecordedCall.Load(path)) replay.Add(call);
        return replay._tasks.Count > 0 ? replay : throw new InvalidDataException($"{path} says of no call to which task it belongs: it was recorded by an older Muster, and is replayed without 'match: turns'.");
    }

    public (RecordedCall? Call, string? Departure) Next(ProviderCall asked)
    {
        if (asked.Place is not { } place || RunPlace.TurnOf(asked.Protocol, asked.Body) is not { } turn) return (null, Departs("only what an agent asks for its task has a place in it."));
        lock (_lock)
        {
            if (Task(place) is not { } task) return (null, Departs($"it has nothing for {place}."));
            // Sent back more often than it was then: the last word again.
            var rounds = _calls.Keys.Where(key => key.Task == task && key.Round <= place.Round).Select(key => key.Round).ToList();
            if (rounds.Count == 0) return (null, Departs($"it has nothing for {place} in round {place.Round + 1}."));
            var round = rounds.Max();
            if (_calls.GetValueOrDefault((task, round, turn, asked.Protocol)) is not { } calls) return (null, Departs($"it has no answer {turn + 1} for {place} in round {round + 1}."));
            var run = _runs.Of(asked);
            var times = run[(round, turn)] = run.GetValueOrDefault((round, turn)) + 1;
            // What was asked again then, since an answer broke off or a conversation was made shorter, is asked again now.
            return (calls[Math.Min(times, calls.Count) - 1], null);
        }
    }

    private void Add(RecordedCall call)
    {
        if (call is not { Place: { } place, Turn: { } turn }) return;
        if (Task(place) is not { } task)
        {
            _tasks.Add(place);
            task = place.ToString();
        }

        var key = (task, place.Round, turn, call.Protocol);
        if (!_calls.TryGetValue(key, out var calls)) calls = _calls[key] = [];
        calls.Add(call);
    }

    private string? Task(RunPlace place)
    {
        var clean = place with { Title = _secrets.Remove(place.Title) };
        return _tasks.Find(known => known.IsOfTask(clean))?.ToString();
    }

    private string Departs(string why) => $"The run departs from its recording {Path.GetFileName(_path)}: {why} Record the run anew.";
}
