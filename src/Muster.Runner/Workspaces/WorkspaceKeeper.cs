using System.Text.Json;
using Muster.Contracts;
using Muster.Runner.Git;
using Muster.Runner.Processes;

namespace Muster.Runner.Workspaces;

/// <summary>How long worktrees that a crash left behind stay for a look, although everything in them is on the plane.</summary>
public sealed record KeepPolicy
{
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Bytes of all such worktrees together; the oldest go first. What is not on the plane never goes.</summary>
    public long MaxBytes { get; init; } = 5L * 1024 * 1024 * 1024;
}

/// <summary>A worktree that was kept, and why.</summary>
public sealed record KeptNote
{
    public required string Path { get; init; }
    public required string TaskKey { get; init; }
    public required int Epoch { get; init; }
    public required string Agent { get; init; }
    public required string Reason { get; init; }
    public required DateTimeOffset At { get; init; }
}

/// <summary>Looks after worktrees that nobody works in any more.</summary>
public static class WorkspaceKeeper
{
    /// <summary>Removes what is safe and over the policy's limits; leaves a note for what is not safe. Returns the notes.</summary>
    public static async Task<IReadOnlyList<KeptNote>> SweepAsync(HostFolders folders, KeepPolicy policy, TimeProvider time, CancellationToken cancellation)
    {
        if (!Directory.Exists(folders.Work)) return [];
        var notes = new List<KeptNote>();
        var bytes = 0L;
        foreach (var folder in new DirectoryInfo(folders.Work).EnumerateDirectories().OrderByDescending(folder => folder.LastWriteTimeUtc))
        {
            using var held = FileLock.TryTake(WorkspaceRecord.LockFor(folder.FullName));
            if (held is null) continue;
            var record = WorkspaceRecord.Read(folder.FullName);
            if (record is null) continue;
            string? reason;
            try
            {
                var cache = await RepositoryCache.OpenAsync(folders, record.ProjectId, cancellation);
                var unused = record.GitFolder.Length == 0 || record.Removing;
                reason = unused ? null : await WorkspaceSafety.WhyKeepAsync(new Worktree(folder.FullName, record.GitFolder, folders.GitMarker), record, cancellation);
                if (reason is null)
                {
                    bytes += Size(folder);
                    if (unused || time.GetUtcNow() - record.CreatedAt > policy.MaxAge || bytes > policy.MaxBytes)
                        await DeleteAsync(folders, cache, folder.FullName, record, cancellation);
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or GitException)
            {
                // Files of another user (a container's), a broken clone: one folder is not the end of the others' turn.
                reason = CannotRemove(error);
            }

            if (reason is not null) notes.Add(WriteNote(folders, folder.FullName, record, reason));
        }

        return notes;
    }

    internal static string CannotRemove(Exception error) => $"it cannot be removed now: {error.Message}";

    internal static async Task DeleteAsync(HostFolders folders, RepositoryCache cache, string worktree, WorkspaceRecord record, CancellationToken cancellation)
    {
        try
        {
            // Half of it gone looks like work that somebody did: whoever finds it later must know that it was safe.
            (record with { Removing = true }).Write(worktree);
        }
        catch (IOException)
        {
            // A full disk: what is removed now is what makes room.
        }

        await cache.RemoveWorktreeAsync(worktree, cancellation);
        File.Delete(WorkspaceRecord.PathFor(worktree));
        File.Delete(WorkspaceRecord.LockFor(worktree));
        File.Delete(NotePath(folders, worktree));
    }

    internal static KeptNote WriteNote(HostFolders folders, string worktree, WorkspaceRecord record, string reason)
    {
        var note = new KeptNote
        {
            Path = worktree,
            TaskKey = record.TaskKey,
            Epoch = record.Epoch,
            Agent = record.Agent,
            Reason = reason,
            At = DateTimeOffset.UtcNow,
        };
        Directory.CreateDirectory(folders.Kept);
        File.WriteAllText(NotePath(folders, worktree), JsonSerializer.Serialize(note, Wire.Indented));
        return note;
    }

    private static string NotePath(HostFolders folders, string worktree)
    {
        // The folder may not be there: nothing was ever kept.
        Directory.CreateDirectory(folders.Kept);
        return Path.Combine(folders.Kept, Path.GetFileName(worktree) + ".json");
    }

    private static long Size(DirectoryInfo folder)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true };
        return folder.EnumerateFiles("*", options).Sum(file => file.Length);
    }
}
