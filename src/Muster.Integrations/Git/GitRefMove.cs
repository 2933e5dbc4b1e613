using System.Diagnostics;
using Muster.ControlPlane.Delivery.Git;

namespace Muster.Integrations.Git;

/// <summary>A ref transaction of <c>git update-ref</c>, held between its prepare and its commit.</summary>
internal sealed class GitRefMove : IRefMove
{
    /// <summary>A commit is a rename per ref; a git that takes longer has broken down.</summary>
    private static readonly TimeSpan CommitLimit = TimeSpan.FromSeconds(5);

    private readonly Process _process;
    private bool _ended;

    private GitRefMove(Process process) => _process = process;

    public static async Task<GitRefMove> PrepareAsync(GitProgram git, string repository, IReadOnlyList<RefChange> changes, CancellationToken ct)
    {
        if (changes.FirstOrDefault(c => !GitText.IsRef(c.Ref)) is { } bad) throw new RefMovedException($"'{bad.Ref}' is no name for a ref.");
        var process = GitProgram.Start(git.StartInfo(repository, ["update-ref", "--stdin", "--no-deref"], personal: false));
        var move = new GitRefMove(process);
        try
        {
            var input = process.StandardInput;
            await input.WriteAsync("start\n".AsMemory(), ct);
            foreach (var change in changes) await input.WriteAsync(Line(change).AsMemory(), ct);
            await input.WriteAsync("prepare\n".AsMemory(), ct);
            await input.FlushAsync(ct);
            await move.ExpectAsync("start: ok", ct);
            await move.ExpectAsync("prepare: ok", ct);
            return move;
        }
        catch
        {
            await move.DisposeAsync();
            throw;
        }
    }

    public void Commit()
    {
        // The transaction around it may be run again.
        if (_ended) return;
        _process.StandardInput.Write("commit\n");
        _process.StandardInput.Close();
        var answer = _process.StandardOutput.ReadLineAsync();
        if (!answer.Wait(CommitLimit) || answer.Result != "commit: ok") throw new GitFailedException("git did not confirm that the refs moved.");
        _ended = true;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            // Closing its input makes git undo what was prepared and take its lock files away; killing it would leave them.
            if (!_ended) _process.StandardInput.Close();
            using var limit = new CancellationTokenSource(CommitLimit);
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            GitProgram.End(_process);
        }

        _process.Dispose();
    }

    private static string Line(RefChange change) => change.New is null
        ? $"delete {change.Ref}{(change.Old is null ? "" : " " + change.Old)}\n"
        : $"update {change.Ref} {change.New}{(change.Old is null ? "" : " " + change.Old)}\n";

    private async Task ExpectAsync(string expected, CancellationToken ct)
    {
        string? line;
        try
        {
            line = await _process.StandardOutput.ReadLineAsync(ct);
        }
        catch (IOException)
        {
            line = null;
        }

        if (line == expected) return;
        var error = await _process.StandardError.ReadToEndAsync(ct);
        throw new RefMovedException(GitProgram.Last(error).Replace("fatal: ", "", StringComparison.Ordinal));
    }
}
