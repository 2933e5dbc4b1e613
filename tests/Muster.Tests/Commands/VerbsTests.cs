using Muster.Commands;

namespace Muster.Tests.Commands;

public sealed class VerbsTests
{
    [Fact]
    public void Each_verb_makes_the_command_of_its_name_and_no_other()
    {
        foreach (var (name, create) in Verbs.All)
        {
            Assert.Equal(name, create().Name);
            Assert.Equal(name, Assert.Single(Verbs.RootFor([name, "--help"]).Subcommands).Name);
        }

        Assert.Equal(Verbs.All.Count, Verbs.All.Select(v => v.Name).Distinct(StringComparer.Ordinal).Count());
    }

    [Theory]
    [InlineData]
    [InlineData("--help")]
    [InlineData("--json", "status")]
    [InlineData("statsu")]
    [InlineData("[suggest:3]", "sta")]
    public void A_line_that_begins_otherwise_knows_them_all(params string[] line) => Assert.Equal(Verbs.All.Count, Verbs.RootFor(line).Subcommands.Count);

    [Fact]
    public void A_word_that_is_none_is_still_refused_with_what_was_meant()
    {
        var parsed = Verbs.RootFor(["statsu"]).Parse(["statsu"]);
        Assert.NotEmpty(parsed.Errors);
    }
}
