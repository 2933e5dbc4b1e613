namespace Muster.ControlPlane.Operations;

/// <summary>
/// The conditions of a list. Only what is asked for stands in the statement: of <c>@task IS NULL OR task_id = @task</c> no
/// engine knows, when it decides where to begin, whether an index helps, and it walks everything.
/// </summary>
internal static class Asked
{
    /// <summary>A WHERE clause of the conditions whose value is not null; nothing when there is none.</summary>
    public static string Where(params ReadOnlySpan<(object? Value, string Condition)> conditions)
    {
        List<string> asked = [];
        foreach (var (value, condition) in conditions)
            if (value is not null) asked.Add(condition);
        return asked.Count == 0 ? "" : " WHERE " + string.Join(" AND ", asked);
    }
}
