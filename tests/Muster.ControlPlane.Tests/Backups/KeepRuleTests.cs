using Muster.ControlPlane.Backups;

namespace Muster.ControlPlane.Tests.Backups;

public sealed class KeepRuleTests
{
    private static readonly string[] Hourly = [.. Enumerable.Range(0, 24 * 40).Select(hour => $"{new DateTime(2026, 3, 1, 0, 0, 0, DateTimeKind.Utc).AddHours(hour):yyyyMMdd'T'HHmmssfff'Z'}-abcdef")];

    [Fact]
    public void The_newest_of_days_and_weeks_stay_beside_the_newest_of_all()
    {
        var gone = new KeepRule { Last = 3, Daily = 4, Weekly = 3 }.Superfluous(Hourly);
        var kept = Hourly.Except(gone).ToList();
        // 9 April 2026 is a Thursday; the weeks before end on Sundays, 5 April and 29 March.
        Assert.Equal(["20260329T230000000Z-abcdef", "20260405T230000000Z-abcdef", "20260406T230000000Z-abcdef", "20260407T230000000Z-abcdef", "20260408T230000000Z-abcdef",
            "20260409T210000000Z-abcdef", "20260409T220000000Z-abcdef", "20260409T230000000Z-abcdef"], kept);
    }

    [Fact]
    public void One_always_stays_and_what_others_named_is_left_alone()
    {
        Assert.Equal(Hourly[..^1].Reverse(), new KeepRule { Last = 0, Daily = 0, Weekly = 0 }.Superfluous(Hourly));
        Assert.Empty(new KeepRule { Last = 1, Daily = 0, Weekly = 0 }.Superfluous(["before-the-move", Hourly[0]]));
    }
}
