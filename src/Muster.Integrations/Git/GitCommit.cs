using System.Text;
using Muster.ControlPlane.Delivery.Git;

namespace Muster.Integrations.Git;

/// <summary>Makes commits of the plane's own: of one file in a bare mirror, of a folder that the plane keeps.</summary>
internal static class GitCommit
{
    public const string PlaneName = "Muster";
    public const string PlaneEmail = "muster@muster.invalid";

    /// <summary>Marks a repository that the plane made.</summary>
    private const string Mark = "muster.keeps";

    private static readonly Signature Plane = new(PlaneName, PlaneEmail);

    public static async Task<string> OfFileAsync(GitProgram git, string repository, string parent, string file, string text, string message, Signature author, CancellationToken ct)
    {
        var blob = (await git.DoAsync(repository, ["hash-object", "-w", "--stdin"], ct, Encoding.UTF8.GetBytes(text))).Line;
        var index = Path.Combine(repository, $"index-{Guid.NewGuid():n}");
        try
        {
            var environment = new Dictionary<string, string>(Of(author), StringComparer.Ordinal) { ["GIT_INDEX_FILE"] = index };
            await git.DoAsync(repository, ["read-tree", parent], ct, environment: environment);
            await git.DoAsync(repository, ["update-index", "--add", "--cacheinfo", $"100644,{blob},{file}"], ct, environment: environment);
            var tree = (await git.DoAsync(repository, ["write-tree"], ct, environment: environment)).Line;
            return (await git.DoAsync(repository, ["commit-tree", tree, "-p", parent, "-F", "-"], ct, Encoding.UTF8.GetBytes(message), environment)).Line;
        }
        finally
        {
            File.Delete(index);
        }
    }

    public static async Task<bool> OfFolderAsync(GitProgram git, string folder, IReadOnlyList<string> leftOut, CancellationToken ct)
    {
        Directory.CreateDirectory(folder);
        var repository = Path.Combine(folder, ".git");
        if (!Directory.Exists(repository) && !File.Exists(repository))
        {
            // Put in place when it is whole, so that a plane killed meanwhile leaves none behind that looks like somebody's own.
            var half = $"{repository}-{Guid.NewGuid():n}";
            await git.DoAsync(null, ["init", "--quiet", "--initial-branch=main", "--template=", "--bare", half], ct);
            foreach (var (key, value) in ((string, string)[])[("core.bare", "false"), (Mark, "true")]) await git.DoAsync(half, ["config", key, value], ct);
            Directory.CreateDirectory(Path.Combine(half, "info"));
            await File.WriteAllTextAsync(Path.Combine(half, "info", "exclude"), string.Join('\n', ["/.git-*", .. leftOut]) + "\n", ct);
            Directory.Move(half, repository);
        }
        else if ((await git.RunAsync(repository, ["config", "--get", Mark], ct)).Line != "true")
        {
            return false;
        }

        var environment = new Dictionary<string, string>(Of(Plane), StringComparer.Ordinal) { ["GIT_WORK_TREE"] = folder };
        await git.DoAsync(repository, ["add", "--all", "--", folder], ct, environment: environment);
        var begun = (await git.RunAsync(repository, ["rev-parse", "--verify", "--quiet", "HEAD"], ct)).ExitCode == 0;
        if (begun && (await git.RunAsync(repository, ["diff", "--cached", "--quiet"], ct, environment: environment)).ExitCode == 0) return false;
        await git.DoAsync(repository, ["commit", "--quiet", "--allow-empty", "--no-gpg-sign", "--message", begun ? "Changed by hand in the folder" : "Roles as they are in the folder"], ct, environment: environment);
        return true;
    }

    private static Dictionary<string, string> Of(Signature author) => new(StringComparer.Ordinal)
    {
        ["GIT_AUTHOR_NAME"] = author.Name,
        ["GIT_AUTHOR_EMAIL"] = author.Email,
        ["GIT_COMMITTER_NAME"] = PlaneName,
        ["GIT_COMMITTER_EMAIL"] = PlaneEmail,
    };
}
