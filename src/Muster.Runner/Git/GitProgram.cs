using System.Text;
using Muster.Runner.Processes;

namespace Muster.Runner.Git;

public sealed record GitResult(int ExitCode, string Output, string Error)
{
    public bool Ok => ExitCode == 0;

    /// <summary>Output without its last line end.</summary>
    public string Text => Output.TrimEnd('\n');
}

/// <summary>What a git command may need beside its arguments.</summary>
public sealed record GitOptions
{
    public GitRemote? Remote { get; init; }
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(2);
    public string? StdinText { get; init; }
    public IEnumerable<KeyValuePair<string, string>> Environment { get; init; } = [];
    public string? Marker { get; init; }

    /// <summary>Which lines of its output are kept; all when left out.</summary>
    public Func<string, bool>? Wanted { get; init; }
}

/// <summary>
/// The <c>git</c> program with nothing of the machine's or the repository's will in it: no system or user configuration,
/// no hooks, no prompts, no file-system monitor, no external protocol. Arguments go as a list.
/// </summary>
public static class GitProgram
{
    private const int OutputLimit = 16 * 1024 * 1024;

    /// <summary>Overrides whatever a repository's own configuration says.</summary>
    public static IReadOnlyList<(string Key, string Value)> SafeConfiguration { get; } =
    [
        ("core.hooksPath", "/dev/null"),
        ("core.fsmonitor", "false"),
        ("core.sshCommand", "false"),
        ("core.editor", "true"),
        ("core.quotePath", "false"),
        ("core.autocrlf", "false"),
        ("protocol.ext.allow", "never"),
        ("commit.gpgSign", "false"),
        ("gc.auto", "0"),
        ("maintenance.auto", "false"),
        ("advice.detachedHead", "false"),
        ("submodule.recurse", "false"),
        ("credential.helper", ""),
        ("merge.renames", "true"),
    ];

    /// <summary>Runs and returns whatever came; for commands whose exit code is an answer.</summary>
    /// <exception cref="GitException">Git is missing, or took too long.</exception>
    public static async Task<GitResult> TryAsync(string folder, IReadOnlyList<string> arguments, GitOptions? options, CancellationToken cancellation)
    {
        options ??= new GitOptions();
        var output = new StringBuilder();
        var error = new StringBuilder();
        var spec = new ProcessSpec
        {
            FileName = "git",
            Arguments = arguments,
            WorkingDirectory = folder,
            Environment = CreateEnvironment(options),
            StdinText = options.StdinText,
            OnLine = line => Append(output, line, options.Wanted),
            OnErrorLine = line => Append(error, line),
        };
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(options.Timeout);
        try
        {
            var exit = await ProcessGroup.RunAsync(spec, timeout.Token);
            return new GitResult(exit.Code, output.ToString(), error.ToString());
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new GitException(GitFailure.TimedOut, $"git {arguments[0]} took longer than {options.Timeout.TotalSeconds:0} s and was ended.");
        }
        catch (ProgramNotFoundException missing) when (missing.Program == "git" && Directory.Exists(folder))
        {
            throw new GitException(GitFailure.NotInstalled, "Program 'git' is not in PATH. Install git 2.38 or newer.");
        }
        catch (ProgramNotFoundException missing)
        {
            throw new GitException(GitFailure.NotFound, missing.Message);
        }
    }

    /// <summary>Runs and throws unless it succeeds. Returns its output without the last line end.</summary>
    /// <exception cref="GitException">It failed.</exception>
    public static async Task<string> RunAsync(string folder, IReadOnlyList<string> arguments, GitOptions? options, CancellationToken cancellation)
    {
        var result = await TryAsync(folder, arguments, options, cancellation);
        return result.Ok ? result.Text : throw GitException.From(arguments, result);
    }

    /// <summary><c>GIT_CONFIG_COUNT</c> and its pairs.</summary>
    public static IEnumerable<KeyValuePair<string, string>> AsEnvironment(IReadOnlyCollection<(string Key, string Value)> configuration)
    {
        yield return new("GIT_CONFIG_COUNT", $"{configuration.Count}");
        var index = 0;
        foreach (var (key, value) in configuration)
        {
            yield return new($"GIT_CONFIG_KEY_{index}", key);
            yield return new($"GIT_CONFIG_VALUE_{index++}", value);
        }
    }

    private static Dictionary<string, string> CreateEnvironment(GitOptions options)
    {
        var environment = ChildEnvironment.Create(options.Marker, options.Environment);
        environment["GIT_TERMINAL_PROMPT"] = "0";
        environment["GIT_CONFIG_NOSYSTEM"] = "1";
        environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        environment["GIT_ATTR_NOSYSTEM"] = "1";
        environment["LC_ALL"] = "C";
        foreach (var (name, value) in AsEnvironment([.. SafeConfiguration, .. options.Remote?.Configuration() ?? []])) environment[name] = value;
        return environment;
    }

    private static void Append(StringBuilder text, string line, Func<string, bool>? wanted = null)
    {
        if (wanted?.Invoke(line) != false && text.Length + line.Length < OutputLimit) text.Append(line).Append('\n');
    }
}
