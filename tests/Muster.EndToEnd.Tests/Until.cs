using System.Diagnostics;

namespace Muster.EndToEnd.Tests;

internal static class Until
{
    /// <summary>Asks again until the answer is yes; fails with what was last seen.</summary>
    public static async Task HoldsAsync(Func<Task<(bool Holds, string Seen)>> look, TimeSpan patience)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var (holds, seen) = await look();
            if (holds) return;
            Assert.True(clock.Elapsed < patience, $"Not within {patience}: {seen}");
            await Task.Delay(100);
        }
    }
}
