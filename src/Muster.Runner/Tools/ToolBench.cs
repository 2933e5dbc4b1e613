using System.Collections.Concurrent;
using Muster.Contracts.Tools;
using Muster.Runner.Processes;
using Muster.Runner.Sandbox;

namespace Muster.Runner.Tools;

/// <summary>
/// Makes versions of tools ready to run, each in a folder of its own that nothing outside this process writes to. The hash is computed
/// here, of what is about to run; nobody's word is taken for it.
/// </summary>
/// <param name="folders">The host's data folder.</param>
/// <param name="sandbox">Where there is none, nothing is made ready.</param>
/// <param name="marker">Processes carry one below it.</param>
public sealed class ToolBench(HostFolders folders, CommandSandbox sandbox, string marker) : IDisposable
{
    private readonly ScratchFolder _folder = new(folders);
    private readonly ConcurrentDictionary<string, Lazy<Task<ReadyTool>>> _ready = new(StringComparer.Ordinal);
    private int _count;

    public CommandSandbox Sandbox => sandbox;

    /// <exception cref="ToolRefusedException">It cannot or must not be run here.</exception>
    public async Task<ReadyTool> PrepareAsync(ToolPackage package, string hash, CancellationToken cancellation)
    {
        if (!sandbox.Works) throw new ToolRefusedException($"Tools run in a sandbox only, and this host has none. {sandbox.Statement}");
        var actual = ToolHash.Of(package);
        if (actual != hash) throw new ToolRefusedException($"What came is not what was approved: its hash is {actual}, not {hash}. It is not run.");
        var making = _ready.GetOrAdd(hash, _ => new Lazy<Task<ReadyTool>>(() => MakeAsync(package, hash, CancellationToken.None)));
        try
        {
            return await making.Value.WaitAsync(cancellation);
        }
        catch (Exception error) when (error is ToolRefusedException or IOException)
        {
            // What is missing may be there next time.
            _ready.TryRemove(hash, out Lazy<Task<ReadyTool>>? _);
            throw;
        }
    }

    /// <summary>A marker of its own for one run.</summary>
    internal string NextMarker() => $"{marker}/tool-{Interlocked.Increment(ref _count)}";

    internal string NewFolder() => Directory.CreateDirectory(Path.Combine(_folder.Path, Path.GetRandomFileName())).FullName;

    public void Dispose() => _folder.Dispose();

    private async Task<ReadyTool> MakeAsync(ToolPackage package, string hash, CancellationToken cancellation)
    {
        var manifest = package.Manifest;
        if (manifest.Permissions.Programs.FirstOrDefault(name => ToolWalls.Find(name) is null) is { } missing) throw new ToolRefusedException($"The tool needs the program '{missing}', which this host does not have. Install it.");
        if (manifest.Permissions.Network.Count > 0 && ToolWalls.Find("python3") is null) throw new ToolRefusedException("The tool asks for the network, and its way out of the sandbox needs python3, which this host does not have in /usr/bin. Install it: apt install python3.");
        var code = NewFolder();
        await File.WriteAllTextAsync(Path.Combine(code, ToolLanguages.FileName(manifest.Language)), package.Source, cancellation);
        switch (manifest.Language)
        {
            case ToolLanguages.Python:
                if (ToolWalls.Find("python3") is null) throw new ToolRefusedException("The tool is written in Python, and this host has no python3 in /usr/bin. Install it: apt install python3.");
                return new ReadyTool(manifest, hash, code, ["/usr/bin/python3", "-I", "-B", $"{ToolWalls.Code}/tool.py"], [.. Programs(manifest), "python3"], []);
            case ToolLanguages.Shell:
                return new ReadyTool(manifest, hash, code, ["/bin/sh", $"{ToolWalls.Code}/tool.sh"], Programs(manifest), []);
            default:
                var sdk = DotnetSdk.Find() ?? throw new ToolRefusedException("The tool is written in C#, and this host has no .NET SDK 10. Install it: https://dot.net.");
                await sdk.CompileAsync(this, code, cancellation);
                return new ReadyTool(manifest, hash, code, [sdk.Program, $"{ToolWalls.Code}/out/tool.dll"], Programs(manifest), sdk.Outside);
        }
    }

    internal static IReadOnlyList<string> Programs(ToolManifest manifest) => [.. ToolPrograms.Usual.Union(manifest.Permissions.Programs, StringComparer.Ordinal)];
}

/// <summary>A version of a tool that can be run here.</summary>
/// <param name="Manifest">What it asks for and promises.</param>
/// <param name="Hash">Of what it was made.</param>
/// <param name="Code">Folder of its code.</param>
/// <param name="Command">Program and arguments, as seen inside.</param>
/// <param name="Programs">That it finds inside.</param>
/// <param name="ReadOnly">Folders that its runtime needs.</param>
public sealed record ReadyTool(ToolManifest Manifest, string Hash, string Code, IReadOnlyList<string> Command, IReadOnlyList<string> Programs, IReadOnlyList<string> ReadOnly);

/// <summary>A tool is not run here; that says nothing about the tool. The message says why and what to do, and holds no secret.</summary>
public sealed class ToolRefusedException(string message) : Exception(message);

/// <summary>A tool's source is no program.</summary>
public sealed class ToolBrokenException(string message) : Exception(message);
