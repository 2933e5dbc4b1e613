using System.Diagnostics;

namespace Muster.Conformance.Servers;

public static class Until
{
    /// <summary>Asks again until the answer is yes; fails with what was last seen. Answers how long it took.</summary>
    public static async Task<TimeSpan> HoldsAsync(Func<Task<(bool Holds, string Seen)>> look, TimeSpan patience)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var (holds, seen) = await look();
            if (holds) return clock.Elapsed;
            Assert.True(clock.Elapsed < patience, $"Not within {patience.TotalSeconds:0.#} s: {seen}");
            await Task.Delay(20);
        }
    }

    public static Task<TimeSpan> HoldsAsync(Func<bool> look, TimeSpan patience, Func<string>? seen = null) =>
        HoldsAsync(() => Task.FromResult((look(), seen?.Invoke() ?? "it does not hold")), patience);
}
