using System.Text.Json;
using Muster.Contracts.Tools;
using Muster.Runner.Sandbox;

namespace Muster.Runner.Tools;

/// <summary>
/// Compiles single files as <c>dotnet run tool.cs</c> does, by the compiler itself: no packages, no project, nothing that runs before it
/// is asked to. The compiler reads a stranger's text, so it runs in the sandbox as well.
/// </summary>
internal sealed record DotnetSdk(string Root, string Compiler, string Framework)
{
    private const string Usings =
        "global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; global using System.Net.Http; global using System.Threading; global using System.Threading.Tasks;";

    private static readonly ToolLimits Limits = new() { Seconds = 120, OutputBytes = 200_000, MemoryMb = 1536 };

    public string Program => Path.Combine(Root, "dotnet");

    /// <summary>What the sandbox lacks of it.</summary>
    public IReadOnlyList<string> Outside => Root.StartsWith("/usr/", StringComparison.Ordinal) ? [] : [Root];

    public static DotnetSdk? Find()
    {
        string?[] roots = [Environment.GetEnvironmentVariable("DOTNET_ROOT"), Path.GetDirectoryName(ToolWalls.Find("dotnet")), "/usr/share/dotnet", "/usr/lib/dotnet", Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".dotnet")];
        return roots.Where(Directory.Exists).Select(root => At(root!)).FirstOrDefault(sdk => sdk is not null);
    }

    /// <exception cref="ToolBrokenException">It does not compile.</exception>
    public async Task CompileAsync(ToolBench bench, string code, CancellationToken cancellation)
    {
        var result = Directory.CreateDirectory(Path.Combine(code, "out")).FullName;
        await File.WriteAllTextAsync(Path.Combine(code, "usings.cs"), Usings, cancellation);
        await File.WriteAllLinesAsync(Path.Combine(code, "build.rsp"),
            [
                "-nologo", "-nostdlib+", "-features:FileBasedProgram", "-nullable:enable", "-optimize+", "-deterministic+", "-langversion:latest", "-warn:0", "-utf8output", $"-out:{ToolWalls.Result}/tool.dll",
                .. Directory.EnumerateFiles(Framework, "*.dll").Where(IsManaged).Select(path => $"-r:\"{path}\""),
                $"{ToolWalls.Code}/{ToolLanguages.FileName(ToolLanguages.CSharp)}", $"{ToolWalls.Code}/usings.cs",
            ], cancellation);
        var version = Path.GetFileName(Framework);
        var runtime = new { runtimeOptions = new { tfm = $"net{version.Split('.')[0]}.0", framework = new { name = "Microsoft.NETCore.App", version } } };
        await File.WriteAllTextAsync(Path.Combine(result, "tool.runtimeconfig.json"), JsonSerializer.Serialize(runtime), cancellation);
        var view = new ToolView { Code = code, Programs = ["sh"], Result = result, ReadOnly = Outside };
        var run = await SandboxedRun.StartAsync(bench, view, [Program, "exec", Compiler, "-noconfig", $"@{ToolWalls.Code}/build.rsp"], "", Limits, isDotnet: true, cancellation);
        if (run.Ending == RunEnding.NotStarted) throw new ToolRefusedException($"The compiler could not be run in the sandbox: {run.Errors}");
        if (run.Ending != RunEnding.Exited || run.Code != 0 || !File.Exists(Path.Combine(result, "tool.dll"))) throw new ToolBrokenException($"It does not compile: {FirstErrors(run)}");
    }

    private static DotnetSdk? At(string root)
    {
        root = new DirectoryInfo(root).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? root;
        var compiler = Newest(Path.Combine(root, "sdk")) is { } sdk ? Path.Combine(sdk, "Roslyn", "bincore", "csc.dll") : null;
        return compiler is not null && File.Exists(compiler) && Newest(Path.Combine(root, "shared", "Microsoft.NETCore.App")) is { } framework ? new DotnetSdk(root, compiler, framework) : null;
    }

    private static string? Newest(string folder) => !Directory.Exists(folder)
        ? null
        : Directory.EnumerateDirectories(folder).Where(path => Version.TryParse(Path.GetFileName(path).Split('-')[0], out var version) && version.Major >= 10).OrderByDescending(path => Version.Parse(Path.GetFileName(path).Split('-')[0])).FirstOrDefault();

    private static bool IsManaged(string path) => Path.GetFileName(path) is var name
        && (name.StartsWith("System.", StringComparison.Ordinal) || name.StartsWith("Microsoft.", StringComparison.Ordinal) || name is "mscorlib.dll" or "netstandard.dll") && !name.Contains(".Native", StringComparison.Ordinal);

    private static string FirstErrors(SandboxedRun run)
    {
        var lines = (run.Output + "\n" + run.Errors).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(line => line.Replace(ToolWalls.Code + "/", "", StringComparison.Ordinal)).Take(5);
        return run.Ending == RunEnding.Exited ? string.Join("; ", lines) : run.Why;
    }
}
