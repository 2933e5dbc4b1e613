namespace Muster.Contracts.Conversations;

/// <summary>Which tasks of a plan can be done side by side: each wave waits only for those before it. Pure.</summary>
public static class PlanWaves
{
    /// <summary>The waves in order, tasks by number within one; those that wait for each other in a circle, or for what is not there, are left out.</summary>
    public static IReadOnlyList<IReadOnlyList<PlannedTask>> Of(IReadOnlyList<PlannedTask> tasks)
    {
        var waves = new List<IReadOnlyList<PlannedTask>>();
        var placed = new HashSet<int>();
        var left = tasks.OrderBy(t => t.Number).ToList();
        while (left.Count > 0)
        {
            var wave = left.Where(t => t.After.All(placed.Contains)).ToList();
            if (wave.Count == 0) break;
            waves.Add(wave);
            placed.UnionWith(wave.Select(t => t.Number));
            left.RemoveAll(t => placed.Contains(t.Number));
        }

        return waves;
    }
}
