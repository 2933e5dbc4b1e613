using System.Threading.Channels;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Tests.Storage;

/// <summary>Writing (B2): one at a time, whoever comes and in whichever thread.</summary>
public sealed class WriteTests
{
    private sealed record Rung(int Number) : Signal
    {
        public override bool IsLocal => true;
    }

    [Fact]
    public async Task Those_who_come_at_once_follow_each_other_and_one_that_fails_undoes_itself_alone()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.Store.WriteAsync(tx => tx.ExecuteOne("INSERT INTO meta (key, value) VALUES ('count', '0')"));

        var failed = await Task.WhenAll(Enumerable.Range(1, 400).Select(n => Task.Run(() => CountAsync(plane.Store, fails: n % 7 == 0))));

        Assert.Equal(400 / 7, failed.Count(f => f));
        Assert.Equal($"{400 - (400 / 7)}", await plane.Store.WriteAsync(tx => tx.QueryFirst<string>("SELECT value FROM meta WHERE key = 'count'")));
    }

    [Fact]
    public async Task A_listener_that_writes_is_in_line_like_everybody()
    {
        await using var plane = await TestPlane.StartAsync();
        var heard = Channel.CreateUnbounded<int>();
        plane.Store.Listen(committed =>
        {
            foreach (var rung in committed.Signals.OfType<Rung>())
            {
                heard.Writer.TryWrite(rung.Number);
                if (rung.Number < 3) _ = plane.Store.WriteAsync(tx => tx.Notify(new Rung(rung.Number + 1)));
            }
        });

        await plane.Store.WriteAsync(tx => tx.Notify(new Rung(1)));

        for (var n = 1; n <= 3; n++) Assert.Equal(n, await heard.Reader.ReadAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task What_flows_with_a_caller_reaches_no_listener()
    {
        await using var plane = await TestPlane.StartAsync();
        var mine = new AsyncLocal<string?>();
        var seen = new TaskCompletionSource<string?>();
        plane.Store.Listen(committed =>
        {
            if (committed.Signals.OfType<Rung>().Any()) seen.TrySetResult(mine.Value);
        });
        mine.Value = "the caller's";

        await plane.Store.WriteAsync(tx => tx.Notify(new Rung(1)));

        Assert.Null(await seen.Task);
        Assert.Equal("the caller's", mine.Value);
    }

    // Reads and writes in two statements: two at once would lose one.
    private static async Task<bool> CountAsync(Store store, bool fails)
    {
        try
        {
            await store.WriteAsync(tx =>
            {
                var next = int.Parse(tx.QueryFirst<string>("SELECT value FROM meta WHERE key = 'count'")!, System.Globalization.CultureInfo.InvariantCulture) + 1;
                tx.ExecuteOne("UPDATE meta SET value = @next WHERE key = 'count'", new { next = $"{next}" });
                if (fails) throw new InvalidOperationException("as wished");
            });
            return false;
        }
        catch (InvalidOperationException)
        {
            return true;
        }
    }
}
