using System.Diagnostics;

namespace Muster.Demo;

/// <summary>The repository that the demo's person owns: a copy of the sample service, committed.</summary>
internal sealed class DemoRepository(string path)
{
    public const string Branch = "main";

    public string Path { get; } = path;

    /// <summary>Copies the sample and commits it.</summary>
    public async Task<string> CreateAsync(string sample, CancellationToken ct)
    {
        Copy(sample, Path);
        await GitAsync(ct, "init", "-q", "-b", Branch);
        // Merged work comes back into this branch although it is checked out here.
        await GitAsync(ct, "config", "receive.denyCurrentBranch", "updateInstead");
        await GitAsync(ct, "config", "user.name", "You");
        await GitAsync(ct, "config", "user.email", "you@demo.invalid");
        await GitAsync(ct, "add", "--all");
        await GitAsync(ct, "commit", "-q", "-m", "A greeting service");
        return await HeadAsync(ct);
    }

    public async Task<string> HeadAsync(CancellationToken ct) => (await GitAsync(ct, "rev-parse", "--verify", $"refs/heads/{Branch}")).Trim();

    /// <summary>Every commit behind <paramref name="start"/>, newest first, with its trailers.</summary>
    public async Task<IReadOnlyList<DemoCommit>> LogAsync(string start, CancellationToken ct)
    {
        var text = await GitAsync(ct, "log", "--format=%H%x1f%s%x1f%(trailers:only=true,unfold=true)%x1e", $"{start}..refs/heads/{Branch}");
        List<DemoCommit> commits = [];
        foreach (var record in text.Split('\u001e', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = record.Split('\u001f');
            var trailers = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var line in parts[2].Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                var colon = line.IndexOf(':', StringComparison.Ordinal);
                if (colon > 0) trailers[line[..colon]] = line[(colon + 1)..].Trim();
            }

            commits.Add(new DemoCommit(parts[0], parts[1], trailers));
        }

        return commits;
    }

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var copy = System.IO.Path.Combine(to, System.IO.Path.GetRelativePath(from, file));
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    private async Task<string> GitAsync(CancellationToken ct, params string[] arguments)
    {
        var start = new ProcessStartInfo("git") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        // The person's own settings (signing, hooks, templates) are none of the demo's business.
        start.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        start.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        using var git = Process.Start(start)!;
        var output = git.StandardOutput.ReadToEndAsync(ct);
        var errors = git.StandardError.ReadToEndAsync(ct);
        await git.WaitForExitAsync(ct);
        return git.ExitCode == 0 ? await output : throw new CommandException($"git {arguments[0]} failed in {Path}: {(await errors).Trim()}");
    }
}
