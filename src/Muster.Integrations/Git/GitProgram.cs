using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Muster.ControlPlane.Delivery.Git;

namespace Muster.Integrations.Git;

/// <summary>What git wrote and how it ended.</summary>
internal sealed record GitOutput(int ExitCode, byte[] Bytes, string Error, bool Truncated)
{
    public string Text => Encoding.UTF8.GetString(Bytes);

    public string Line => Text.Trim();
}

/// <summary>
/// Runs git: arguments as a list, a scrubbed environment, no hooks, no prompts, a time limit and an output limit.
/// </summary>
internal sealed class GitProgram(GitOptions options)
{
    private const int DefaultLimit = 32 * 1024 * 1024;
    private const int ErrorLimit = 16 * 1024;

    /// <summary>Settings of every git here; given by environment, so that git's own children have them too.</summary>
    private static readonly (string Key, string Value)[] Settings =
    [
        ("core.hooksPath", "/dev/null"),
        ("core.fsync", "objects,derived-metadata,reference"),
        ("core.quotePath", "false"),
        ("gc.auto", "0"),
        ("safe.directory", "*"),
        ("protocol.ext.allow", "never"),
    ];

    public async Task<GitOutput> RunAsync(string? repository, IReadOnlyList<string> arguments, CancellationToken ct,
        byte[]? input = null, int limit = DefaultLimit, bool personal = false, IReadOnlyDictionary<string, string>? environment = null, bool patient = false)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(ct);
        timeout.CancelAfter(personal || patient ? options.RemoteTimeout : options.LocalTimeout);
        using var process = Start(StartInfo(repository, arguments, personal, environment));
        try
        {
            var output = new MemoryStream();
            var error = new MemoryStream();
            var errors = CopyAsync(process.StandardError.BaseStream, error, ErrorLimit, drain: true, timeout.Token);
            var feeding = FeedAsync(process, input, timeout.Token);
            var truncated = await CopyAsync(process.StandardOutput.BaseStream, output, limit, drain: false, timeout.Token);
            if (truncated) process.Kill(entireProcessTree: true);
            await Task.WhenAll(errors, feeding);
            await process.WaitForExitAsync(timeout.Token);
            return new GitOutput(process.ExitCode, output.ToArray(), Encoding.UTF8.GetString(error.ToArray()).Trim(), truncated);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new GitFailedException($"git {arguments[0]} did not end in time and was stopped.");
        }
        finally
        {
            End(process);
        }
    }

    /// <summary>Runs and throws unless git said 0.</summary>
    public async Task<GitOutput> DoAsync(string? repository, IReadOnlyList<string> arguments, CancellationToken ct,
        byte[]? input = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var output = await RunAsync(repository, arguments, ct, input, environment: environment);
        if (output.ExitCode != 0) throw new GitFailedException($"git {arguments[0]} failed: {Last(output.Error)}");
        if (output.Truncated) throw new GitFailedException($"git {arguments[0]} said more than fits.");
        return output;
    }

    public ProcessStartInfo StartInfo(string? repository, IReadOnlyList<string> arguments, bool personal,
        IReadOnlyDictionary<string, string>? environment = null, IReadOnlyList<(string Key, string Value)>? settings = null)
    {
        var start = new ProcessStartInfo(options.Program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = options.Folder,
        };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        GitEnvironment.Fill(start.Environment, options.Folder, repository, personal, [.. Settings, .. settings ?? []]);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal)) start.Environment[name] = value;
        return start;
    }

    public static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception error)
        {
            throw new GitFailedException($"The program '{start.FileName}' cannot be started: install git 2.38 or newer.", error);
        }
    }

    public static void End(Process process)
    {
        if (!process.HasExited) process.Kill(entireProcessTree: true);
    }

    /// <summary>What git complained of, as one line: what it calls fatal or an error, else its last lines.</summary>
    public static string Last(string error)
    {
        var lines = error.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var marked = lines.Where(l => l.StartsWith("fatal: ", StringComparison.Ordinal) || l.StartsWith("error: ", StringComparison.Ordinal)).ToList();
        var text = string.Join(' ', marked.Count > 0 ? marked.Take(2) : lines.TakeLast(3));
        return text.Length <= 500 ? text : text[..497] + "...";
    }

    private static async Task FeedAsync(Process process, byte[]? input, CancellationToken ct)
    {
        try
        {
            if (input is not null) await process.StandardInput.BaseStream.WriteAsync(input, ct);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // git ended before it read everything; its exit code tells why.
        }
    }

    private static async Task<bool> CopyAsync(Stream from, MemoryStream to, int limit, bool drain, CancellationToken ct)
    {
        var buffer = new byte[16 * 1024];
        var over = false;
        int read;
        while ((read = await from.ReadAsync(buffer, ct)) > 0)
        {
            var room = (int)Math.Min(read, limit - to.Length);
            to.Write(buffer, 0, room);
            over |= room < read;
            if (over && !drain) return true;
        }

        return over;
    }
}
