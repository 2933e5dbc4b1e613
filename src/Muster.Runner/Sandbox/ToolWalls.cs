namespace Muster.Runner.Sandbox;

/// <summary>
/// Arguments for <c>bwrap</c> around a tool. Narrower than around commands: the folders of programs are empty but for those it may
/// start, and what it writes outside the workspace is in memory, bounded, and gone with it.
/// </summary>
internal static class ToolWalls
{
    public const string Code = "/tool";
    public const string Result = "/result";
    public const string Workspace = "/workspace";
    public const string Home = "/home/tool";
    public const string Gate = "/gate";

    private const string MostTemporaryBytes = "67108864";

    private static readonly string[] ProgramFolders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/games", "/usr/local/games"];
    private static readonly string[] SystemFolders = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

    private static readonly string[] Settings =
        ["/etc/alternatives", "/etc/ca-certificates", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/mime.types", "/etc/nsswitch.conf", "/etc/os-release", "/etc/pki", "/etc/ssl/certs"];

    public static IEnumerable<string> Arguments(ToolView view, bool closeNamespaces)
    {
        List<string> arguments = ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--unshare-net", "--hostname", "tool"];
        if (closeNamespaces) arguments.Add("--disable-userns");
        arguments.AddRange(["--proc", "/proc", "--dev", "/dev"]);
        foreach (var folder in SystemFolders.Where(Directory.Exists))
            arguments.AddRange(new DirectoryInfo(folder).LinkTarget is { } target ? ["--symlink", target, folder] : ["--ro-bind", folder, folder]);
        arguments.AddRange(Programs(view.Programs));
        foreach (var path in Settings) arguments.AddRange(["--ro-bind-try", path, path]);
        foreach (var path in view.ReadOnly) arguments.AddRange(["--ro-bind", path, path]);
        arguments.AddRange(["--size", MostTemporaryBytes, "--tmpfs", "/tmp", "--size", MostTemporaryBytes, "--tmpfs", Home, "--ro-bind", view.Code, Code]);
        if (view.Result is { } result) arguments.AddRange(["--bind", result, Result]);
        if (view.Gate is { } gate) arguments.AddRange(["--ro-bind", gate, Gate, "--ro-bind", Find("python3") ?? throw new InvalidOperationException("A gate needs python3; the bench has looked for it."), GateFolder.Python]);
        if (view.Workspace is { } workspace)
        {
            arguments.AddRange([view.MayWrite ? "--bind" : "--ro-bind", workspace, Workspace]);
            // What git reads decides what git runs.
            var git = Path.Combine(workspace, ".git");
            if (view.MayWrite && Path.Exists(git)) arguments.AddRange(["--ro-bind", git, Workspace + "/.git"]);
        }

        arguments.AddRange(["--remount-ro", "/", "--chdir", view.Workspace is null ? "/tmp" : Workspace]);
        return arguments;
    }

    /// <summary>Where a program of this name is, past all links; null when this machine has none.</summary>
    public static string? Find(string name)
    {
        var path = ProgramFolders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        return path is null ? null : new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path;
    }

    private static IEnumerable<string> Programs(IReadOnlyList<string> names)
    {
        foreach (var folder in ProgramFolders.Where(IsFolder))
        {
            yield return "--tmpfs";
            yield return folder;
        }

        foreach (var name in names)
        {
            if (Find(name) is not { } program) continue;
            foreach (var argument in (string[])["--ro-bind", program, "/usr/bin/" + name]) yield return argument;
        }

        // Scripts name their shell by this path, also where it is no link to the other.
        if (IsFolder("/bin") && Find("sh") is { } shell)
            foreach (var argument in (string[])["--ro-bind", shell, "/bin/sh"]) yield return argument;
        foreach (var folder in ProgramFolders.Where(IsFolder))
        {
            yield return "--remount-ro";
            yield return folder;
        }
    }

    private static bool IsFolder(string path) => Directory.Exists(path) && new DirectoryInfo(path).LinkTarget is null;
}
