using System.Text.RegularExpressions;

namespace Muster.Proof.Tests;

/// <summary>What the help says is what is taken.</summary>
public sealed partial class UsageTests
{
    [Theory]
    [InlineData("chaos")]
    [InlineData("points")]
    [InlineData("fuzz")]
    [InlineData("sim")]
    public async Task The_help_names_every_option_of_a_command(string command)
    {
        var (before, said) = (Console.Error, new StringWriter());
        Console.SetError(TextWriter.Synchronized(said));
        try
        {
            Assert.Equal(2, await ProofCommands.RunAsync([command, "--unheard-of"]));
        }
        finally
        {
            Console.SetError(before);
        }

        var options = Option().Matches(said.ToString().Split("It takes")[1].Split('\n')[0]).Select(m => m.Value).ToList();
        Assert.True(options.Count > 2);
        Assert.Empty(options.Where(option => !ProofUsage.Text.Contains(option, StringComparison.Ordinal)));
    }

    [GeneratedRegex("--[a-z-]+", RegexOptions.None, 1000)]
    private static partial Regex Option();
}
