namespace Muster.Runner.Sandbox;

/// <summary>Arguments for <c>bwrap</c>. What is not named here does not exist inside: no home of a user, no data of the daemon, no sockets of the machine.</summary>
internal static class Bubblewrap
{
    public const string Home = "/home/agent";
    public const string Temporary = "/tmp";

    private static readonly string[] SystemFolders = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store"];

    // Of /etc only what programs need to find their libraries, certificates and names; it holds secrets too.
    private static readonly string[] Settings =
    [
        "/etc/alternatives", "/etc/ca-certificates", "/etc/ca-certificates.conf", "/etc/dotnet", "/etc/group", "/etc/hosts", "/etc/java", "/etc/ld.so.cache", "/etc/ld.so.conf",
        "/etc/ld.so.conf.d", "/etc/localtime", "/etc/mime.types", "/etc/nsswitch.conf", "/etc/os-release", "/etc/passwd", "/etc/pki", "/etc/protocols", "/etc/services", "/etc/ssl",
    ];

    public static IEnumerable<string> Arguments(SandboxView view, string workingDirectory, IReadOnlyDictionary<string, string> environment, bool closeNamespaces)
    {
        List<string> arguments = ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "muster"];
        if (closeNamespaces) arguments.Add("--disable-userns");
        if (!view.Network) arguments.Add("--unshare-net");
        arguments.AddRange(["--proc", "/proc", "--dev", "/dev"]);
        foreach (var folder in SystemFolders) arguments.AddRange(Read(folder));
        foreach (var path in Settings) arguments.AddRange(["--ro-bind-try", path, path]);
        foreach (var folder in Toolchains(environment)) arguments.AddRange(["--ro-bind", folder, folder]);
        if (view.Network) arguments.AddRange(["--ro-bind-try", Real("/etc/resolv.conf"), "/etc/resolv.conf"]);
        arguments.AddRange(["--bind", view.Temporary, Temporary, "--bind", view.Home, Home]);
        // Folders that merely hold the workspace are made empty, and cannot be written to.
        arguments.AddRange(["--bind", view.Folder, view.Folder]);
        foreach (var path in view.Writable) arguments.AddRange(["--bind", path, path]);
        foreach (var path in view.ReadOnly) arguments.AddRange(["--ro-bind-try", path, path]);
        arguments.AddRange(["--remount-ro", "/", "--chdir", workingDirectory]);
        return arguments;
    }

    private static IEnumerable<string> Read(string folder)
    {
        if (!Directory.Exists(folder)) return [];
        // Merged systems have links here.
        return new DirectoryInfo(folder).LinkTarget is { } target ? ["--symlink", target, folder] : ["--ro-bind", folder, folder];
    }

    // Programs that were installed in a folder of their own, if the user has them on the path: /opt/node/bin -> /opt/node.
    private static IEnumerable<string> Toolchains(IReadOnlyDictionary<string, string> environment) =>
        (environment.GetValueOrDefault("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Where(folder => folder.StartsWith("/opt/", StringComparison.Ordinal) && Directory.Exists(folder))
            .Select(folder => "/opt/" + folder["/opt/".Length..].Split('/')[0])
            .Distinct(StringComparer.Ordinal);

    private static string Real(string path) => new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path;
}
