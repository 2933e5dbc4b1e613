using System.Xml.Linq;

namespace Muster.Architecture;

/// <summary>The arrows between projects, as the architecture draws them. A new arrow is a decision, so it is made here.</summary>
public sealed class ProjectArrowTests
{
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Muster.Contracts"] = [],
        ["Muster.Client"] = ["Muster.Contracts"],
        ["Muster.ControlPlane"] = ["Muster.Contracts"],
        ["Muster.Integrations"] = ["Muster.ControlPlane"],
        ["Muster.Runner"] = ["Muster.Client"],
        ["Muster.Dashboard"] = ["Muster.Client"],
        ["Muster.Lab"] = ["Muster.Client"],
        ["Muster"] = ["Muster.Client", "Muster.ControlPlane", "Muster.Integrations", "Muster.Runner", "Muster.Dashboard", "Muster.Lab"],
    };

    public static TheoryData<string> Projects => [.. Directory.EnumerateFiles(Path.Combine(Source.Root, "src"), "*.csproj", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(Source.Root, f))];

    [Theory, MemberData(nameof(Projects))]
    public void A_project_points_only_where_the_architecture_lets_it(string project)
    {
        var name = Path.GetFileNameWithoutExtension(project);
        Assert.True(Allowed.ContainsKey(name), $"{name} is no project of the architecture.");
        var references = XDocument.Load(Path.Combine(Source.Root, project)).Descendants("ProjectReference").Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value.Replace('\\', '/')));
        Assert.Empty(references.Except(Allowed[name], StringComparer.Ordinal));
    }

    [Fact]
    public void The_wire_needs_no_package()
    {
        var project = XDocument.Load(Path.Combine(Source.Root, "src", "Muster.Contracts", "Muster.Contracts.csproj"));
        Assert.Empty(project.Descendants("PackageReference"));
        Assert.Empty(project.Descendants("FrameworkReference"));
    }

    /// <summary>Only the executable names adapters: nobody else opens a store or a repository of a certain kind.</summary>
    [Fact]
    public void Only_the_executable_names_adapters()
    {
        var guilty = Source.Files("src").Where(f => !f.Path.StartsWith("src/Muster.Integrations/", StringComparison.Ordinal) && !f.Path.StartsWith("src/Muster/", StringComparison.Ordinal))
            .Where(f => f.Text.Contains("Muster.Integrations", StringComparison.Ordinal)).Select(f => f.Path);
        Assert.Empty(guilty);
    }
}
