using System.Diagnostics;
using System.Text;

namespace Muster.ControlPlane.Tests.Delivery;

/// <summary>Runs the real git as a person or an agent would, apart from the machine's own configuration.</summary>
internal static class GitShell
{
    public static async Task<(int Code, string Output)> TryAsync(string folder, string? password, params string[] arguments)
    {
        var start = new ProcessStartInfo("git") { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        foreach (var (key, value) in Environment(password)) start.Environment[key] = value;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, (await output + await error).Trim());
    }

    public static async Task<string> RunAsync(string folder, params string[] arguments) => await RunAsync(folder, null, arguments);

    public static async Task<string> RunAsync(string folder, string? password, string[] arguments)
    {
        var (code, output) = await TryAsync(folder, password, arguments);
        Assert.True(code == 0, $"git {string.Join(' ', arguments)}: {output}");
        return output;
    }

    /// <summary>For git commands that read and write bytes.</summary>
    public static async Task<byte[]> BytesAsync(string folder, string input, params string[] arguments)
    {
        var start = new ProcessStartInfo("git") { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardInput = true, UseShellExecute = false };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        foreach (var (key, value) in Environment(null)) start.Environment[key] = value;
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        using var output = new MemoryStream();
        await process.StandardOutput.BaseStream.CopyToAsync(output);
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        return output.ToArray();
    }

    public static Dictionary<string, string> Environment(string? password)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["GIT_CONFIG_GLOBAL"] = "/dev/null",
            ["GIT_CONFIG_NOSYSTEM"] = "1",
            ["GIT_TERMINAL_PROMPT"] = "0",
            ["GIT_AUTHOR_NAME"] = "Tess Ter",
            ["GIT_AUTHOR_EMAIL"] = "tess@example.invalid",
            ["GIT_COMMITTER_NAME"] = "Tess Ter",
            ["GIT_COMMITTER_EMAIL"] = "tess@example.invalid",
        };
        if (password is null) return environment;
        environment["GIT_CONFIG_COUNT"] = "1";
        environment["GIT_CONFIG_KEY_0"] = "http.extraHeader";
        environment["GIT_CONFIG_VALUE_0"] = "Authorization: Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("muster:" + password));
        return environment;
    }
}
