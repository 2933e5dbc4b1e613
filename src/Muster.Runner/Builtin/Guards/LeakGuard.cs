using Muster.Runner.Builtin.Tools;
using Muster.Runner.Builtin.Transcripts;
using Muster.Runner.Git;

namespace Muster.Runner.Builtin.Guards;

/// <summary>
/// Looks for the runner's own secrets in what is about to be committed. In the sandbox they cannot be had; without one a command
/// has the rights of the host's user.
/// </summary>
internal sealed class LeakGuard(AttemptFolder folder, Redactor redactor)
{
    private const long MaxFile = 5 * 1024 * 1024;
    private const int MaxFiles = 5000;

    /// <exception cref="ToolFailureException">A file holds one; it is named, the secret is not.</exception>
    public async Task CheckAsync(CancellationToken cancellation)
    {
        if (await FindAsync(cancellation) is { } leak) throw new ToolFailureException(leak);
    }

    /// <summary>What is wrong; null when nothing is.</summary>
    public async Task<string?> FindAsync(CancellationToken cancellation)
    {
        if (folder.Git is not { } git) return null;
        var changed = await git.RunAsync(["ls-files", "--modified", "--others", "--exclude-standard", "--deduplicate"], cancellation, new GitOptions());
        foreach (var path in changed.Split('\n', StringSplitOptions.RemoveEmptyEntries).Take(MaxFiles))
        {
            var file = new FileInfo(Path.Combine(folder.Root, path));
            if (!file.Exists || file.LinkTarget is not null || file.Length > MaxFile) continue;
            await using var stream = Files.Open(file.FullName, path);
            using var reader = new StreamReader(stream, System.Text.Encoding.Latin1);
            if (redactor.Finds(await reader.ReadToEndAsync(cancellation))) return $"'{path}' holds a secret of the runner. It must not be committed: take it out.";
        }

        return null;
    }
}
