using System.Diagnostics;

namespace Muster.EndToEnd.Tests;

/// <summary>A repository of a person's own, in no language that Muster knows much about: a Makefile and shell scripts.</summary>
public sealed class Repository(string path)
{
    public string Path { get; } = path;

    public static async Task<Repository> CreateAsync(string path)
    {
        Directory.CreateDirectory(System.IO.Path.Combine(path, "words"));
        await File.WriteAllTextAsync(System.IO.Path.Combine(path, "Makefile"), "test:\n\tsh ./check.sh\n");
        // Every word has its file and stands exactly once in the common list, so a lost or doubled effect is seen.
        await File.WriteAllTextAsync(System.IO.Path.Combine(path, "check.sh"), "set -e\n[ -z \"$(sort list.txt | uniq -d)\" ]\nfor word in $(cat list.txt); do [ -f \"words/$word\" ]; done\n");
        await File.WriteAllTextAsync(System.IO.Path.Combine(path, "list.txt"), "");
        await File.WriteAllTextAsync(System.IO.Path.Combine(path, "words/.keep"), "");
        var repository = new Repository(path);
        await repository.GitAsync("init", "-q", "-b", "trunk");
        await repository.GitAsync("config", "receive.denyCurrentBranch", "updateInstead");
        await repository.GitAsync("config", "user.name", "Person");
        await repository.GitAsync("config", "user.email", "person@example.invalid");
        await repository.GitAsync("add", "--all");
        await repository.GitAsync("commit", "-q", "-m", "Begin");
        return repository;
    }

    public async Task<string> GitAsync(params string[] arguments)
    {
        var (code, output, error) = await TryGitAsync(new Dictionary<string, string>(), arguments);
        Assert.True(code == 0, $"git {string.Join(' ', arguments)}: {error}");
        return output;
    }

    public async Task<(int Code, string Output, string Error)> TryGitAsync(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo("git") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var git = Process.Start(start)!;
        var error = git.StandardError.ReadToEndAsync();
        var output = await git.StandardOutput.ReadToEndAsync();
        await git.WaitForExitAsync();
        return (git.ExitCode, output.TrimEnd('\n'), await error);
    }

    /// <summary>Commits with a trailer, as <c>sha, value</c>.</summary>
    public async Task<IReadOnlyList<(string Sha, string Value)>> TrailersAsync(string name, string revision = "trunk")
    {
        var log = await GitAsync("log", "--first-parent", $"--format=%H %(trailers:key={name},valueonly=true,separator=%x2C)", revision);
        return [.. log.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ', 2)).Where(parts => parts.Length == 2 && parts[1].Length > 0).Select(parts => (parts[0], parts[1]))];
    }
}
