using System.Text.RegularExpressions;
using Muster.Hosting;

namespace Muster.Tests.Reference;

public sealed partial class ConfigurationReferenceTests
{
    private const string Page = "docs/configuration.md";

    [Fact]
    public void The_configuration_reference_is_what_the_options_say()
    {
        var text = ConfigurationReference.Write();
        var path = Path.Combine(Sources.Root, Page);
        if (Environment.GetEnvironmentVariable("MUSTER_ACCEPT") == "1") File.WriteAllText(path, text);
        Assert.True(File.Exists(path) && File.ReadAllText(path) == text, $"{Page} is not what the options say: MUSTER_ACCEPT=1 ./muster test configuration_reference writes it anew.");
    }

    [Fact]
    public void Every_variable_that_is_read_is_in_the_reference()
    {
        var read = Directory.EnumerateFiles(Path.Combine(Sources.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal))
            .SelectMany(file => Reads().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value)).Where(name => Ours().IsMatch(name)).Distinct().Order(StringComparer.Ordinal).ToList();
        Assert.Contains("MUSTER_STORE", read);
        // What a host gives to its agents is read by their processes and set by nobody else.
        Assert.Empty(read.Except(Variables.All.Select(variable => variable.Name)).Except(["MUSTER_AGENT"]));
    }

    [Fact]
    public void A_secret_may_stand_in_a_file()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "of the file\n");
            Environment.SetEnvironmentVariable("MUSTER_SECRET_OF_A_TEST_FILE", file);
            Assert.Equal("of the file", Secret.FromEnvironment("MUSTER_SECRET_OF_A_TEST"));
            Environment.SetEnvironmentVariable("MUSTER_SECRET_OF_A_TEST", "of the variable");
            Assert.Equal("of the variable", Secret.FromEnvironment("MUSTER_SECRET_OF_A_TEST"));
            Environment.SetEnvironmentVariable("MUSTER_SECRET_OF_A_TEST", null);
            File.Delete(file);
            Assert.Contains(file, Assert.Throws<CommandException>(() => Secret.FromEnvironment("MUSTER_SECRET_OF_A_TEST")).Message, StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable("MUSTER_SECRET_OF_A_TEST_FILE", null);
            File.Delete(file);
        }
    }

    [GeneratedRegex("(GetEnvironmentVariable|FromEnvironment|Required|Variable|Home)\\(\"(?<name>[A-Z_]+)\"", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Reads();

    [GeneratedRegex("^(MUSTER|AWS|XDG)_", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Ours();
}
