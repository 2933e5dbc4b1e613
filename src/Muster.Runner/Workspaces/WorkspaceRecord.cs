using System.Text.Json;
using Muster.Contracts;

namespace Muster.Runner.Workspaces;

/// <summary>
/// What is known of a worktree, beside it on disk: whoever finds the worktree later, after a crash too, can tell from it
/// whether everything in it is safe on the plane.
/// </summary>
public sealed record WorkspaceRecord
{
    public required string ProjectId { get; init; }
    public required string TaskKey { get; init; }
    public required int Epoch { get; init; }
    public required string Agent { get; init; }

    /// <summary>Empty while the worktree is being made.</summary>
    public required string GitFolder { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The commit that the attempt began with. Null in what an older daemon left.</summary>
    public string? Target { get; init; }

    /// <summary>All of it was found safe on the plane, and its removal begun.</summary>
    public bool Removing { get; init; }

    /// <summary>Commits that the plane has: those it named, and those whose push it has acknowledged. Newest last.</summary>
    public required IReadOnlyList<string> OnPlane { get; init; }

    internal static string PathFor(string worktree) => worktree + ".json";

    internal static string LockFor(string worktree) => worktree + ".lock";

    internal static WorkspaceRecord? Read(string worktree)
    {
        try
        {
            return JsonSerializer.Deserialize<WorkspaceRecord>(File.ReadAllText(PathFor(worktree)), Wire.Json);
        }
        catch (Exception error) when (error is IOException or JsonException)
        {
            // Cut short by a crash, or never written: nothing is known, so nothing counts as safe.
            return null;
        }
    }

    internal void Write(string worktree)
    {
        var path = PathFor(worktree);
        File.WriteAllText(path + ".new", JsonSerializer.Serialize(this, Wire.Indented));
        File.Move(path + ".new", path, overwrite: true);
    }
}
