using System.Globalization;
using System.Text;
using System.Text.Json;
using Muster.Contracts.Work;

namespace Muster.Dashboard.Tests.Pages;

public sealed class LiveTests(PageHost host) : IClassFixture<PageHost>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    [Trait("req", "C3")]
    public async Task What_happens_comes_as_the_regions_that_look_different_now_and_a_cut_stream_goes_on_where_it_was()
    {
        await host.Plane.ProjectAsync("LIV", contract: "");
        using var browser = await host.SignInAsync();
        var html = await browser.PageAsync("/");
        var at = html.IndexOf("data-seq=\"", StringComparison.Ordinal) + "data-seq=\"".Length;
        var seq = long.Parse(html[at..html.IndexOf('"', at)], CultureInfo.InvariantCulture);
        long first;
        await using (var stream = await browser.StreamAsync($"/live?at=%2F&after={seq}"))
        {
            await host.Plane.TaskAsync("Something new", "LIV");
            var (id, regions) = await NextAsync(stream, "regions");
            first = id;
            Assert.True(id > seq);
            Assert.Contains(regions, r => r.StartsWith("<div id=\"r-figures\"", StringComparison.Ordinal));
            Assert.DoesNotContain(regions, r => r.Contains("<main", StringComparison.Ordinal));
        }

        // Nobody looks; it happens all the same.
        await host.Plane.TaskAsync("Meanwhile", "LIV");
        await host.Plane.BeatAsync("liv");
        Assert.Equal(2, (await host.Muster.ClaimTasksAsync(new ClaimRequest { Agent = "liv", Projects = ["LIV"], Max = 2 })).Tasks.Count);
        await using var again = await browser.StreamAsync($"/live?at=%2F&after={first}");
        var (_, caughtUp) = await NextAsync(again, "regions");
        Assert.Contains(caughtUp, r => r.Contains("LIV-1", StringComparison.Ordinal) && r.Contains("r-running", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("req", "B8")]
    public async Task Of_many_only_those_are_sent_again_that_have_changed()
    {
        await host.Plane.ProjectAsync("PRT", contract: "");
        foreach (var agent in new[] { "part-1", "part-2" }) await host.Plane.BeatAsync(agent);
        using var browser = await host.SignInAsync();
        await using var stream = await browser.StreamAsync("/live?at=%2Fagents&after=0");
        var (_, first) = await NextAsync(stream, "regions");
        Assert.DoesNotContain("data-same", string.Concat(first), StringComparison.Ordinal);
        await host.Plane.TaskAsync("Something to do", "PRT");
        var task = (await host.Muster.ClaimTasksAsync(new ClaimRequest { Agent = "part-1", Projects = ["PRT"], Max = 1 })).Tasks.Single();
        string? region = null;
        while (region?.Contains(task.Task.Key, StringComparison.Ordinal) != true) region = (await NextAsync(stream, "regions")).Regions.FirstOrDefault(r => r.Contains("r-agents", StringComparison.Ordinal));
        Assert.Contains("part-1", region, StringComparison.Ordinal);
        Assert.DoesNotContain("part-2", region, StringComparison.Ordinal);
        Assert.Contains("data-same", region, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_is_for_who_is_signed_in_and_for_pages_that_there_are()
    {
        using var nobody = new PageHost.Browser(host.Plane.Address);
        using var refused = await nobody.GetAsync("/live?at=%2F");
        Assert.Equal(401, (int)refused.StatusCode);
        using var browser = await host.SignInAsync();
        using var nowhere = await browser.GetAsync("/live?at=%2F%2Felsewhere");
        Assert.Equal(404, (int)nowhere.StatusCode);
    }

    private static async Task<(long Id, IReadOnlyList<string> Regions)> NextAsync(Stream stream, string kind)
    {
        using var late = new CancellationTokenSource(Patience);
        long id = 0;
        var type = "";
        while (await LineAsync(stream, late.Token) is { } line)
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal)) id = long.Parse(line.AsSpan(4), CultureInfo.InvariantCulture);
            else if (line.StartsWith("event: ", StringComparison.Ordinal)) type = line[7..];
            else if (line.StartsWith("data: ", StringComparison.Ordinal) && type == kind) return (id, [.. JsonDocument.Parse(line[6..]).RootElement.GetProperty("regions").EnumerateArray().Select(r => r.GetString()!)]);
        }

        throw new InvalidOperationException("The stream ended.");
    }

    /// <summary>A line, and nothing of what comes behind it.</summary>
    private static async Task<string?> LineAsync(Stream stream, CancellationToken ct)
    {
        List<byte> line = [];
        var one = new byte[1];
        while (await stream.ReadAsync(one, ct) == 1)
        {
            if (one[0] == '\n') return Encoding.UTF8.GetString([.. line]);
            line.Add(one[0]);
        }

        return null;
    }
}
