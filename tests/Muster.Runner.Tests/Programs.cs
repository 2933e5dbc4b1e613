using System.Reflection;

namespace Muster.Runner.Tests;

internal static class Programs
{
    /// <summary>Path of the program that tests start, built beside them.</summary>
    public static string TestAgent { get; } =
        typeof(Programs).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == "TestAgent").Value!;
}
