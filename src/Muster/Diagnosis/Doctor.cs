using System.Runtime.InteropServices;
using Muster.Client;
using Muster.Commands;
using Muster.Connections;
using Muster.Contracts.Fleet;
using Muster.ControlPlane.Fleet.Roles;
using Muster.Hosting;
using Muster.Integrations.Git;
using Muster.Integrations.Sqlite;
using Muster.Runner.Sandbox;

namespace Muster.Diagnosis;

/// <summary>Looks at this machine, at the data folder and at the plane.</summary>
internal static class Doctor
{
    public static async Task<IReadOnlyList<Finding>> ExamineAsync(Call call)
    {
        var data = Path.GetFullPath(call.Get(Globals.Data) ?? Paths.DefaultData);
        return
        [
            new Finding("muster", "ok", $"{MusterClient.Version}, {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription} {RuntimeInformation.OSArchitecture}"),
            await GitAsync(call.Stop),
            Sqlite(),
            Program("sh", "checks and deployments are shell commands"),
            await SandboxAsync(call.Stop),
            .. await CodingPrograms.ExamineAsync(call.Stop),
            DataFolderFinding(data),
            Disk(data),
            Settings(data),
            .. Models(data),
            .. Roles(data),
            CredentialsFinding(),
            .. await PlaneAsync(call),
        ];
    }

    private static async Task<Finding> GitAsync(CancellationToken ct)
    {
        var scratch = Directory.CreateTempSubdirectory("muster-doctor-");
        try
        {
            var fault = await new GitRepositories(new GitOptions { Folder = scratch.FullName }).CheckAsync(ct);
            return fault is null ? new Finding("git", "ok", "recent enough") : new Finding("git", "fail", fault);
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    private static async Task<Finding> SandboxAsync(CancellationToken ct)
    {
        var sandbox = await CommandSandbox.DetectAsync(ct);
        return new Finding("sandbox", sandbox.Works ? "ok" : "warn", sandbox.Statement);
    }

    private static Finding Sqlite()
    {
        SqliteLibrary.Load();
        return new Finding("sqlite", "ok", $"{SqliteLibrary.Version}, {SqliteLibrary.Origin}");
    }

    private static Finding Program(string name, string why)
    {
        var found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => folder.Length > 0 && File.Exists(Path.Combine(folder, name)));
        return found ? new Finding(name, "ok", "found") : new Finding(name, "fail", $"not on PATH; {why}");
    }

    private static Finding DataFolderFinding(string data)
    {
        if (!Directory.Exists(data)) return new Finding("data", "ok", $"{data} is made at the first start");
        if (DataFolder.Holder(data) is { } pid) return new Finding("data", "ok", $"{data}, used by process {pid}");
        if (SecretFile.IsOpen(data)) return new Finding("data", "warn", $"others may look into {data}: chmod 700 {data}");
        return new Finding("data", "ok", $"{data}, not in use");
    }

    private static Finding Disk(string data)
    {
        while (!Directory.Exists(data)) data = Path.GetDirectoryName(data) ?? "/";
        var free = new DriveInfo(data).AvailableFreeSpace;
        return free < 1L << 30
            ? new Finding("disk", "warn", $"{Terminals.Words.Bytes(free)} free; worktrees and builds need room")
            : new Finding("disk", "ok", $"{Terminals.Words.Bytes(free)} free");
    }

    private static Finding Settings(string data)
    {
        var file = PlaneConfig.PathIn(data);
        if (!File.Exists(file)) return new Finding("settings", "ok", "all defaults; config.json in the data folder changes them");
        try
        {
            var config = PlaneConfig.Read(data);
            if (config.Backup.Validate() is { Count: > 0 } faults) return new Finding("settings", "fail", string.Join(' ', faults));
            var secret = config.Store ?? config.Bus ?? config.State;
            return secret is not null && SecretFile.IsOpen(file)
                ? new Finding("settings", "warn", $"others may read the passwords in {file}: chmod 600 {file}")
                : new Finding("settings", "ok", config.Backup.To is { } place ? $"{file}; backups go to {place} every {config.Backup.Every}" : $"{file}; the plane makes no backups by itself (backup.to)");
        }
        catch (CommandException wrong)
        {
            return new Finding("settings", "fail", wrong.Message);
        }
    }

    // A provider without a key is no fault: its legs are left out.
    private static IReadOnlyList<Finding> Models(string data)
    {
        if (ModelAdapters.TryRead(data, out var faults) is not { } setup) return [.. faults.Select(fault => new Finding("models", "fail", fault))];
        return
        [
            .. setup.Routes.Declared.Select(route => setup.Routes.Find(route.Name, out var whyNot) is { } usable
                ? new Finding($"models {route.Name}", "ok", string.Join(", ", usable.Legs))
                : new Finding($"models {route.Name}", "warn", whyNot!)),
            .. setup.Routes.Providers.Where(provider => provider.WhyNot is not null).Select(provider => new Finding("models", "ok", provider.WhyNot!)),
        ];
    }

    private static Finding CredentialsFinding()
    {
        var file = Paths.Credentials;
        if (!File.Exists(file)) return new Finding("credentials", "ok", $"{file} is written at the first start of a plane");
        return SecretFile.IsOpen(file)
            ? new Finding("credentials", "warn", $"others may read {file}: chmod 600 {file}")
            : new Finding("credentials", "ok", file);
    }

    private static IEnumerable<Finding> Roles(string data)
    {
        var roles = new RoleCatalog(PlaneConfig.RoleFolders(data));
        if (roles.Problems.Count == 0) return [new Finding("roles", "ok", $"{roles.All.Count}, {roles.All.Count(role => role.Source == RoleSources.Own)} of your own")];
        return roles.Problems.Select(problem => new Finding("roles", "fail", $"{problem.File}{(problem.Line is { } line ? $":{line}" : "")}: {problem.Message}"));
    }

    private static async Task<IReadOnlyList<Finding>> PlaneAsync(Call call)
    {
        try
        {
            var health = await call.Muster.GetHealthAsync(call.Stop);
            var parts = string.Join(", ", health.Parts.Where(part => part.Status != "healthy").Select(part => $"{part.Name}: {part.Detail}"));
            var who = await call.Muster.WhoAmIAsync(call.Stop);
            return
            [
                new Finding("plane", health.Status switch { "healthy" => "ok", "degraded" => "warn", _ => "fail" }, $"{call.Server.Address}, version {health.Version}, {health.Status} {parts}"),
                new Finding("token", "ok", $"{who.Name}, scope {who.Scope}"),
            ];
        }
        catch (PlaneUnreachableException)
        {
            return [new Finding("plane", "warn", $"none answers at {call.Server.Address}; start one with muster up")];
        }
        catch (MusterException error)
        {
            return [new Finding("token", "fail", error.Message)];
        }
        catch (CommandException error)
        {
            return [new Finding("plane", "warn", $"{error.Message} {error.Hint}")];
        }
    }
}
