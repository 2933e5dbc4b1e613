using Muster.Contracts.Fleet;
using Muster.Runner.Processes;
using Muster.Runner.Sandbox;

namespace Muster.Runner.Profiles;

/// <summary>
/// Puts a whole program of others into the sandbox: it sees the worktree, a home of its own, the system's programs and where it is
/// installed. Unlike the built-in agent's commands it shares the machine's network, since its way to models is a port of loopback.
/// </summary>
/// <param name="sandbox">The host's.</param>
/// <param name="view">What any program of this attempt sees; where it is installed is added.</param>
internal sealed class ProfileSandbox(CommandSandbox sandbox, SandboxView view)
{
    private static readonly string[] SystemFolders = ["/usr/", "/bin/", "/sbin/", "/lib", "/opt/", "/nix/store/"];

    // Many programs are scripts for it, and it is often installed for one user only.
    private static readonly string[] Interpreters = ["node"];

    public bool Works => sandbox.Works;

    public string Statement => sandbox.Statement.Replace("commands run", "the program runs", StringComparison.Ordinal).Replace("they see", "it sees", StringComparison.Ordinal);

    /// <summary>As the program sees it.</summary>
    public string Home => Works ? Bubblewrap.Home : view.Home;

    public static SandboxView View(string folder, string scratch, IEnumerable<string> guarded, SandboxRules? rules) => new()
    {
        Folder = folder,
        Home = Directory.CreateDirectory(Path.Combine(scratch, "home")).FullName,
        Temporary = Directory.CreateDirectory(Path.Combine(scratch, "tmp")).FullName,
        ReadOnly = [.. guarded, .. rules?.ReadOnly ?? []],
        Network = true,
    };

    /// <exception cref="ProgramNotFoundException">The program is not there.</exception>
    public ProcessSpec Enclose(ProcessSpec spec)
    {
        if (!Works) return sandbox.Enclose(spec, view);
        var program = Real(ProgramPath.Resolve(spec.FileName, spec.WorkingDirectory, spec.Environment));
        var installed = Interpreters.Select(name => TryResolve(name, spec)).OfType<string>().Prepend(program).Select(InstallFolder).OfType<string>().Distinct(StringComparer.Ordinal);
        return sandbox.Enclose(spec with { FileName = program }, view with { ReadOnly = [.. view.ReadOnly, .. installed] });
    }

    /// <summary>The folder that holds a program and what it needs beside it; null when the system's own programs are there anyway.</summary>
    internal static string? InstallFolder(string program)
    {
        if (SystemFolders.Any(folder => program.StartsWith(folder, StringComparison.Ordinal))) return null;
        const string Modules = "/node_modules/";
        var modules = program.IndexOf(Modules, StringComparison.Ordinal);
        if (modules > 0) return program[..(modules + Modules.Length - 1)];
        var folder = Path.GetDirectoryName(program)!;
        var above = Path.GetDirectoryName(folder) ?? "/";
        // bin, lib and share of one program stand together; of all programs of a person they stand in .local, with much else.
        return Path.GetFileName(folder) == "bin" && Path.GetFileName(above) != ".local" && above != Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) && above.Length > 1 ? above : folder;
    }

    private static string? TryResolve(string name, ProcessSpec spec)
    {
        try
        {
            return Real(ProgramPath.Resolve(name, spec.WorkingDirectory, spec.Environment));
        }
        catch (ProgramNotFoundException)
        {
            return null;
        }
    }

    private static string Real(string path) => new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path;
}
