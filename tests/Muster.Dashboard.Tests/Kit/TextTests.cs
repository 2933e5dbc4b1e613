using Muster.Dashboard.Assets;
using Muster.Dashboard.Kit;
using Muster.Dashboard.Kit.Diffs;
using Muster.Dashboard.Live;

namespace Muster.Dashboard.Tests.Kit;

public sealed class TextTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("\u001b[1;32mok\u001b[0m done", "<span class=\"a2 ab\">ok</span> done")]
    [InlineData("\u001b[38;5;208mx\u001b[48;2;1;2;3my", "xy")]
    [InlineData("a\u001b]0;title\u0007b\u001b]8;;http://x\u001b\\c", "abc")]
    [InlineData("\u001b[31m<b>&\"", "<span class=\"a1\">&lt;b&gt;&amp;&quot;</span>")]
    [InlineData("10%\r50%\r100%", "100%")]
    [InlineData("\u001b[31mred\nstill\u001b[0m", "<span class=\"a1\">red</span>\n<span class=\"a1\">still</span>")]
    [InlineData("\u001b[", "")]
    [InlineData("\u001b", "")]
    [InlineData("a\u0000\u0008\u009bb\u202Ec", "abc")]
    public void A_terminals_output_keeps_its_colours_and_loses_its_power(string text, string markup) => Assert.Equal(markup, Ansi.ToMarkup(text).Value);

    [Fact]
    public void A_line_that_nobody_reads_is_not_sent()
    {
        var markup = Ansi.ToMarkup(new string('<', 1_000_000)).Value;
        Assert.True(markup.Length < 40_000, $"{markup.Length}");
        Assert.Contains("996,000 more characters", markup, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<script>alert(1)</script>", "&lt;script&gt;")]
    [InlineData("[a](javascript:alert(1))", "<a href=\"\" rel")]
    [InlineData("![a](http://x.example/p.png)", "<a href=\"http://x.example/p.png\"")]
    [InlineData("<javascript:alert(1)>", "javascript:alert(1)")]
    [InlineData("# Big", "<h3")]
    [InlineData("**b** `c`", "<strong>b</strong> <code>c</code>")]
    public void Markdown_brings_no_markup_of_its_own(string text, string holds)
    {
        var markup = Markdown.ToMarkup(text).Value;
        Assert.Contains(holds, markup, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", markup, StringComparison.Ordinal);
        Assert.DoesNotContain("<img", markup, StringComparison.Ordinal);
        Assert.DoesNotContain("href=\"javascript", markup, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_change_is_read_by_its_counts_whatever_its_lines_look_like()
    {
        var files = Diff.Parse("""
            diff --git a/a.txt b/a.txt
            index 1..2 100644
            --- a/a.txt
            +++ b/a.txt
            @@ -1,3 +1,3 @@ where
             same
            --- a/not a header
            +++ b/neither
             end
            \ No newline at end of file
            diff --git a/gone.bin b/gone.bin
            deleted file mode 100644
            Binary files a/gone.bin and /dev/null differ
            diff --git a/old name b/new name
            similarity index 90%
            rename from old name
            rename to new name
            """);
        Assert.Equal(["a.txt", "gone.bin", "new name"], files.Select(f => f.Path));
        Assert.Equal((1, 1), (files[0].Added, files[0].Removed));
        Assert.Equal("-- a/not a header", files[0].Lines.Single(l => l.Kind == LineKind.Removed).Text);
        Assert.Equal((3, 3), (files[0].Lines[^1].Old, files[0].Lines[^1].New));
        Assert.True(files[1].Binary);
        Assert.Equal(("renamed", "old name"), (files[2].Change, files[2].OldPath));
    }

    [Fact]
    public void Colours_escape_all_they_colour() =>
        Assert.Equal("<i class=\"k\">var</i> a = <i class=\"t\">&quot;&lt;b&gt;&quot;</i>; <i class=\"c\">// &lt;i&gt;</i>", Colours.Of("a.cs", "var a = \"<b>\"; // <i>").Value);

    [Fact]
    public void Regions_are_found_and_the_age_of_a_thing_is_no_difference()
    {
        var regions = Regions.Of("<main><div id=\"r-a\" data-region>x<div>y</div></div><!--/r-a--><p>-</p><div id=\"r-b\">z</div><!--/r-b--></main>").ToList();
        Assert.Equal([("a", "<div id=\"r-a\" data-region>x<div>y</div></div>"), ("b", "<div id=\"r-b\">z</div>")], regions);
        Assert.Equal(Regions.Look("<time data-when title=\"t\">1 s ago</time>"), Regions.Look("<time data-when title=\"t\">9 s ago</time>"));
        Assert.NotEqual(Regions.Look("<b>1</b>"), Regions.Look("<b>2</b>"));
    }

    [Fact]
    public void Of_the_parts_of_a_region_those_are_sent_that_look_different_now()
    {
        const string Mark = "<!--/part-->";
        Assert.Equal("<ol><li id=\"a\" data-part>1</li>" + Mark + "</ol>", Regions.Since("<ol><li id=\"a\" data-part>1</li>" + Mark + "</ol>", new Dictionary<string, string>(), out var first));
        var next = Regions.Since("<h2>2</h2><ol><li id=\"b\" data-part class=\"row\"><ul><li id=\"x\">0</li></ul></li>" + Mark + "<li id=\"a\" data-part>1</li>" + Mark + "</ol>", first, out var second);
        Assert.Equal("<h2>2</h2><ol><li id=\"b\" data-part class=\"row\"><ul><li id=\"x\">0</li></ul></li>" + Mark + "<li id=\"a\" data-same></li>" + Mark + "</ol>", next);
        Assert.Equal(["a", "b"], second.Keys.Order(StringComparer.Ordinal));
        // Who was away for one drawing is not known any more.
        Regions.Since("<ol></ol>", second, out var third);
        Assert.Empty(third);
    }

    [Fact]
    public void All_pages_together_stay_small()
    {
        var sizes = new AssetFiles().Sizes.ToList();
        Assert.True(sizes.Where(s => s.Name.EndsWith(".js", StringComparison.Ordinal)).Sum(s => s.Compressed) < 60 * 1024);
        Assert.True(sizes.Single(s => s.Name == "muster.css").Compressed < 40 * 1024);
    }

    [Theory]
    [InlineData("SHO-2 failed: No account. `muster task retry SHO-2` tries again.", "SHO-2 failed: No account.")]
    [InlineData("a budget is used up; `muster budget list` shows them, `muster budget set` raises one", "a budget is used up")]
    [InlineData("waits for your approval (asked; no check): `muster review show 3`", "waits for your approval (asked; no check)")]
    [InlineData("`dotnet build` failed. See the log.", "`dotnet build` failed. See the log.")]
    public void What_is_said_for_a_terminal_ends_before_the_commands(string text, string shown) => Assert.Equal(shown, Words.WithoutCommands(text));
}
