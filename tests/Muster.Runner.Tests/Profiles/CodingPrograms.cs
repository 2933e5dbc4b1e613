using System.Reflection;

namespace Muster.Runner.Tests.Profiles;

/// <summary>The real coding programs, as <c>tests/tools/programs</c> pins them.</summary>
internal static class CodingPrograms
{
    private static readonly string Folder =
        Path.GetFullPath(typeof(CodingPrograms).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == "CodingPrograms").Value!);

    /// <summary>The program's path. Where it is missing the test is left out and says how to get it; in CI, which installs it, it fails.</summary>
    public static string Require(string name)
    {
        var path = Path.Combine(Folder, "node_modules", ".bin", name);
        if (File.Exists(path)) return path;
        var why = $"LEFT OUT: {name} is not installed for the tests. With Node 20 and npm: npm install --prefix tests/tools/programs --no-save";
        Assert.False(Environment.GetEnvironmentVariable("CI") == "true", why);
        Assert.Skip(why);
        return "";
    }
}
