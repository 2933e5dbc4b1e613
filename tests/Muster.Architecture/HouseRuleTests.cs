using System.Text.RegularExpressions;

namespace Muster.Architecture;

/// <summary>House rules that a machine can hold.</summary>
public sealed partial class HouseRuleTests
{
    [Fact]
    public void No_source_file_is_longer_than_500_lines() =>
        Assert.Empty(Source.Files("src").Where(f => f.Text.Count(c => c == '\n') > 500).Select(f => f.Path));

    [Fact]
    public void Nine_source_files_in_ten_have_under_250_lines()
    {
        var lengths = Source.Files("src").Select(f => f.Text.Count(c => c == '\n')).ToList();
        Assert.True(lengths.Count(l => l < 250) >= lengths.Count * 0.9, "Too many long files.");
    }

    [Fact]
    public void Program_is_a_table_of_contents()
    {
        var program = Path.Combine(Source.Root, "src", "Muster", "Program.cs");
        Assert.True(File.ReadLines(program).Count() <= 70, "Program.cs has more than 70 lines.");
    }

    [Fact]
    public void Nothing_is_left_unfinished_or_swallowed() =>
        Assert.Empty(Source.Files("src").Where(f => Unfinished().IsMatch(f.Text)).Select(f => f.Path));

    [GeneratedRegex(@"NotImplementedException|//.*\b(TODO|FIXME|HACK)\b|catch\s*(\([^)]*\))?\s*\{\s*\}", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Unfinished();
}
