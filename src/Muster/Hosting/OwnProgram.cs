namespace Muster.Hosting;

/// <summary>How this executable starts itself again.</summary>
internal static class OwnProgram
{
    public static IReadOnlyList<string> Command { get; } = Environment.ProcessPath is { } program && !IsDotnet(program)
        ? [program]
        : [Environment.ProcessPath ?? "dotnet", typeof(OwnProgram).Assembly.Location];

    public static IReadOnlyList<string> AgentCommand { get; } = [.. Command, "agent", "run"];

    private static bool IsDotnet(string program) => Path.GetFileNameWithoutExtension(program).Equals("dotnet", StringComparison.OrdinalIgnoreCase);
}
