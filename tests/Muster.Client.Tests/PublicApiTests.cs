using System.Reflection;
using System.Text;

namespace Muster.Client.Tests;

/// <summary>The public surface changes only where a review sees it.</summary>
public sealed class PublicApiTests
{
    [Fact]
    public async Task The_public_surface_is_the_reviewed_one()
    {
        var sources = typeof(PublicApiTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Sources").Value!;
        var file = Path.Combine(sources, "PublicApi.txt");
        var actual = PublicApi.Render(typeof(MusterClient).Assembly);
        if (Environment.GetEnvironmentVariable("MUSTER_ACCEPT") == "1")
            await File.WriteAllTextAsync(file, actual);

        var reviewed = (await File.ReadAllTextAsync(file)).Split('\n');
        var now = actual.Split('\n');
        var gone = reviewed.Except(now, StringComparer.Ordinal).Select(l => "- " + l);
        var added = now.Except(reviewed, StringComparer.Ordinal).Select(l => "+ " + l);
        var difference = new StringBuilder().AppendJoin('\n', gone.Concat(added)).ToString();
        Assert.True(
            difference.Length == 0,
            "The public surface of Muster.Client has changed. If it is meant to, run the tests with MUSTER_ACCEPT=1 and commit PublicApi.txt.\n"
            + difference);
    }
}
