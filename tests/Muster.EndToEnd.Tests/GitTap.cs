using System.Text;

namespace Muster.EndToEnd.Tests;

/// <summary>
/// A <c>git</c> that stands before the real one in the path of what a stage starts. It can hold git up at one exact point, and
/// keeps the leases that git was given, so that a test can misuse them.
/// </summary>
internal static class GitTap
{
    /// <summary>While this file is there, a push to a branch waits before it begins; <see cref="Pushing"/> says that one does.</summary>
    public const string HoldPush = "hold-push";
    public const string Pushing = "pushing";

    /// <summary>While this file is there, git that has moved the target branch does not say so; <see cref="Moved"/> says that one has.</summary>
    public const string HoldMove = "hold-move";
    public const string Moved = "moved";

    private const string Program = """
        #!/bin/sh
        env | sed -n 's/^GIT_CONFIG_VALUE_[0-9]*=Authorization: Basic //p' >> "$STAGE/credentials"
        case " $* " in
        *" push "*:refs/heads/*)
          if [ -e "$STAGE/hold-push" ]; then
            : > "$STAGE/pushing"
            while [ -e "$STAGE/hold-push" ]; do sleep 0.02; done
          fi ;;
        *" update-ref --stdin "*)
          if [ -e "$STAGE/hold-move" ]; then
            before=$($GIT rev-parse refs/heads/trunk)
            $GIT "$@" | while IFS= read -r line; do
              if [ "$line" = "commit: ok" ] && [ "$($GIT rev-parse refs/heads/trunk)" != "$before" ]; then
                : > "$STAGE/moved"
                while [ -e "$STAGE/hold-move" ]; do sleep 0.02; done
              fi
              printf '%s\n' "$line"
            done
            exit
          fi ;;
        esac
        exec $GIT "$@"

        """;

    public static async Task InstallAsync(Stage stage)
    {
        var path = Environment.GetEnvironmentVariable("PATH")!;
        var git = path.Split(':').Select(folder => Path.Combine(folder, "git")).First(File.Exists);
        await stage.WriteScriptAsync("tap/git", Program.Replace("$GIT", git, StringComparison.Ordinal));
        stage.Environment["PATH"] = stage["tap"] + ":" + path;
    }

    /// <summary>The newest lease that any git was given.</summary>
    public static async Task<string> LastLeaseAsync(Stage stage)
    {
        var credential = (await File.ReadAllLinesAsync(stage["credentials"])).Last(line => line.Length > 0);
        return Encoding.UTF8.GetString(Convert.FromBase64String(credential)).Split(':')[1];
    }
}
