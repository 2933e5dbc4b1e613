using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Muster.Integrations.ModelPrograms;

/// <summary>How a program ended, and what it said.</summary>
internal sealed record ProgramAnswer(int Code, string Output, string Error);

/// <summary>A program of this machine that is asked once and answers once; in an empty folder, without a person.</summary>
/// <param name="name">Looked up in <c>PATH</c>.</param>
internal sealed class ModelProgram(string name)
{
    private const int LargestOutput = 16 * 1024 * 1024;

    /// <summary>Where a program is; null when it is not in <c>PATH</c>.</summary>
    public static string? Find(string name, Func<string, string?> variable) =>
        (variable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <param name="arguments">Each as it is; no shell.</param>
    /// <param name="question">Its standard input.</param>
    /// <param name="ct">Kills it, and all that it started.</param>
    /// <exception cref="HttpRequestException">It cannot be started, or says too much.</exception>
    public async Task<ProgramAnswer> AskAsync(IEnumerable<string> arguments, string question, CancellationToken ct)
    {
        var folder = Directory.CreateTempSubdirectory("muster-ask-");
        try
        {
            using var process = Start(arguments, folder.FullName);
            await using var kill = ct.Register(static running => Kill((Process)running!), process);
            // Both are read while it is written to: who fills one pipe waits for the other.
            var output = ReadAsync(process.StandardOutput, process);
            var error = ReadAsync(process.StandardError, process);
            await SayAsync(process, question);
            var answer = new ProgramAnswer(0, await output, await error);
            await process.WaitForExitAsync(CancellationToken.None);
            ct.ThrowIfCancellationRequested();
            return answer with { Code = process.ExitCode };
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private Process Start(IEnumerable<string> arguments, string folder)
    {
        var start = new ProcessStartInfo(name) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        // What stands in our environment for the plane is nobody else's.
        foreach (var ours in start.Environment.Keys.Where(key => key.StartsWith("MUSTER_", StringComparison.Ordinal)).ToList()) start.Environment.Remove(ours);
        start.Environment["PWD"] = folder;
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception missing)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, $"the program {name} cannot be started: {missing.Message}", missing);
        }
    }

    private static async Task SayAsync(Process process, string question)
    {
        try
        {
            await process.StandardInput.WriteAsync(question);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without listening; why, its exit and its last words say.
            process.StandardInput.Dispose();
        }
    }

    private static async Task<string> ReadAsync(StreamReader reader, Process process)
    {
        var text = new StringBuilder();
        var buffer = new char[8192];
        int read;
        while ((read = await reader.ReadAsync(buffer)) > 0)
        {
            if (text.Length + read > LargestOutput)
            {
                Kill(process);
                throw new HttpRequestException($"the program said more than {LargestOutput / 1024 / 1024} MiB");
            }

            text.Append(buffer, 0, read);
        }

        return text.ToString();
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself meanwhile.
            return;
        }
    }
}
