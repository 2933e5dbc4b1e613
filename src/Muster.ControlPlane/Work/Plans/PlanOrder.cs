using Muster.Contracts.Work;

namespace Muster.ControlPlane.Work.Plans;

/// <summary>Whether some order carries the plan out: no cycle of issues, none of gates, and none through both.</summary>
internal static class PlanOrder
{
    private const int MostNamed = 20;

    public static void Check(PlanDraft plan, List<PlanEpic> epics, PlanNotes notes)
    {
        var issues = new Dictionary<string, PlanIssue>();
        foreach (var issue in epics.SelectMany(epic => epic.Issues)) issues.TryAdd(issue.Number, issue);
        var byNumber = new Dictionary<int, (PlanEpic Epic, int Line)>();
        foreach (var (epic, draft) in epics.Zip(plan.Epics)) byNumber.TryAdd(epic.Number, (epic, draft.GateLine));

        var found = false;
        foreach (var cycle in Cycles(issues.Keys, number => issues[number].After.Where(issues.ContainsKey)))
        {
            found = true;
            notes.Error(issues[cycle[0]].Line, cycle.Count == 1 ? $"{cycle[0]} comes after itself" : $"a circle of dependencies: {Path(cycle)}");
        }
        foreach (var cycle in Cycles(byNumber.Keys, number => byNumber[number].Epic.Gate?.Epics.Where(byNumber.ContainsKey) ?? []))
        {
            found = true;
            notes.Error(byNumber[cycle[0]].Line, cycle.Count == 1 ? $"Epic {cycle[0]} waits for itself" : $"a circle of gates: {Path(cycle.ConvertAll(number => $"Epic {number}"))}");
        }
        if (!found && notes.Errors.Count == 0 && Stuck(epics, issues) is { Count: > 0 } stuck)
        {
            var named = string.Join(", ", stuck.Take(MostNamed)) + (stuck.Count > MostNamed ? " ..." : "");
            notes.Error(issues[stuck[0]].Line, $"gates and dependencies together wait for each other; these can never start: {named}");
        }
    }

    /// <summary>One cycle of each knot, each as the path from its first node back to it. Needs no stack, however deep the graph.</summary>
    private static IEnumerable<List<T>> Cycles<T>(IEnumerable<T> nodes, Func<T, IEnumerable<T>> waitsFor)
        where T : notnull
    {
        const int onPath = 1;
        const int finished = 2;
        var state = new Dictionary<T, int>();
        var path = new List<T>();
        var walk = new Stack<IEnumerator<T>>();
        foreach (var start in nodes)
        {
            if (state.ContainsKey(start)) continue;
            state[start] = onPath;
            path.Add(start);
            walk.Push(waitsFor(start).GetEnumerator());
            var cut = false;
            while (walk.TryPeek(out var edges))
            {
                if (!edges.MoveNext() || cut)
                {
                    walk.Pop().Dispose();
                    state[path[^1]] = finished;
                    path.RemoveAt(path.Count - 1);
                    continue;
                }
                var next = edges.Current;
                switch (state.GetValueOrDefault(next))
                {
                    case 0:
                        state[next] = onPath;
                        path.Add(next);
                        walk.Push(waitsFor(next).GetEnumerator());
                        break;
                    case onPath:
                        yield return path[path.IndexOf(next)..];
                        // One path of a knot is enough to find it, and listing all could take for ever.
                        cut = true;
                        break;
                }
            }
        }
    }

    /// <summary>What is left when everything that can be done is done. Finishing work never closes a gate, so any order finds the same.</summary>
    private static List<string> Stuck(List<PlanEpic> epics, Dictionary<string, PlanIssue> issues)
    {
        var epicOf = epics.SelectMany(epic => epic.Issues.Select(issue => (issue.Number, Epic: epic))).ToDictionary(pair => pair.Number, pair => pair.Epic);
        var open = issues.ToDictionary(pair => pair.Key, pair => pair.Value.After.Count);
        var next = issues.Values.SelectMany(issue => issue.After.Select(before => (before, issue.Number))).ToLookup(edge => edge.before, edge => edge.Number);
        var size = epics.ToDictionary(epic => epic.Number, epic => (epic.Issues.Sum(issue => issue.Hours ?? 0), epic.Issues.Count));
        var gates = epics.FindAll(epic => epic.Gate is not null).ToDictionary(epic => epic.Number, epic => new GateState(epic, size));
        var watchers = gates.Values.SelectMany(gate => gate.Watched.Select(number => (number, gate))).ToLookup(pair => pair.number, pair => pair.gate);
        var done = new HashSet<string>();
        var ready = new Stack<string>(issues.Values.Where(issue => issue.Done || IsReady(issue.Number)).Select(issue => issue.Number));
        foreach (var gate in gates.Values) Open(gate);
        while (ready.TryPop(out var number))
        {
            if (!done.Add(number)) continue;
            foreach (var after in next[number])
            {
                open[after]--;
                if (IsReady(after)) ready.Push(after);
            }
            foreach (var gate in watchers[epicOf[number].Number])
            {
                gate.Finish(issues[number]);
                Open(gate);
            }
        }
        return [.. issues.Keys.Where(number => !done.Contains(number))];

        bool IsReady(string number) => open[number] == 0 && (!gates.TryGetValue(epicOf[number].Number, out var gate) || gate.IsOpen);

        void Open(GateState gate)
        {
            if (!gate.TryOpen()) return;
            foreach (var issue in gate.Epic.Issues.Where(issue => open[issue.Number] == 0)) ready.Push(issue.Number);
        }
    }

    private static string Path<T>(List<T> cycle)
    {
        var named = cycle.Count <= MostNamed ? cycle : cycle[..MostNamed];
        return string.Join(" -> ", named) + (named.Count < cycle.Count ? " -> ..." : "") + $" -> {cycle[0]}";
    }

    private sealed class GateState(PlanEpic epic, Dictionary<int, (double Hours, int Issues)> size)
    {
        private readonly double _hours = epic.Gate!.Epics.Sum(number => size[number].Hours);
        private readonly int _issues = epic.Gate!.Epics.Sum(number => size[number].Issues);
        private double _hoursDone;
        private int _done;

        public PlanEpic Epic => epic;
        public IReadOnlyList<int> Watched => epic.Gate!.Epics;
        public bool IsOpen { get; private set; }

        public void Finish(PlanIssue issue)
        {
            _hoursDone += issue.Hours ?? 0;
            _done++;
        }

        /// <summary>True once, when the share of hours is reached; of issues where none has hours.</summary>
        public bool TryOpen()
        {
            var reached = _hours > 0 ? _hoursDone >= (_hours * epic.Gate!.Percent / 100) - 0.0001 : _done * 100L >= (long)_issues * epic.Gate!.Percent;
            if (IsOpen || !reached) return false;
            IsOpen = true;
            return true;
        }
    }
}
