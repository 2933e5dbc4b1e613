using System.Globalization;

namespace Muster.ControlPlane.Backups;

/// <summary>Which backups stay: the newest so many, and beside them the newest of so many days and of so many weeks.</summary>
public sealed record KeepRule
{
    /// <summary>The newest, whatever their age; at least one.</summary>
    public int Last { get; init; } = 7;

    /// <summary>Days of which the newest backup is kept.</summary>
    public int Daily { get; init; } = 7;

    /// <summary>Weeks of which the newest backup is kept.</summary>
    public int Weekly { get; init; } = 5;

    /// <summary>Those of some ids that the rule lets go.</summary>
    public IReadOnlyList<string> Superfluous(IEnumerable<string> ids)
    {
        // What is named in another way was put there by somebody, and is theirs.
        var newestFirst = ids.Select(id => (Id: id, Day: DayOf(id))).Where(one => one.Day is not null).OrderByDescending(one => one.Id, StringComparer.Ordinal).ToList();
        HashSet<string> kept = new(StringComparer.Ordinal);
        kept.UnionWith(newestFirst.Take(Math.Max(1, Last)).Select(one => one.Id));
        kept.UnionWith(newestFirst.DistinctBy(one => one.Day).Take(Daily).Select(one => one.Id));
        kept.UnionWith(newestFirst.DistinctBy(one => Week(one.Day!.Value)).Take(Weekly).Select(one => one.Id));
        return [.. newestFirst.Select(one => one.Id).Where(id => !kept.Contains(id))];
    }

    internal static DateOnly? DayOf(string id) =>
        id.Length > 16 && DateOnly.TryParseExact(id.AsSpan(0, 8), "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : null;

    private static (int Year, int Week) Week(DateOnly day)
    {
        var at = day.ToDateTime(TimeOnly.MinValue);
        return (ISOWeek.GetYear(at), ISOWeek.GetWeekOfYear(at));
    }
}
