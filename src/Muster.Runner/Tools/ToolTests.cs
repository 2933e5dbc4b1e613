using System.Text.Json;
using Muster.Contracts.Tools;

namespace Muster.Runner.Tools;

/// <summary>Runs the tests that a tool brought along, as its calls will be run.</summary>
public sealed class ToolTests(ToolBench bench)
{
    private const int MostShown = 300;

    private readonly ToolRunner _runner = new(bench, isApproved: false);

    /// <returns>Of each test, in their order.</returns>
    /// <exception cref="ToolRefusedException">They cannot be run here.</exception>
    public async Task<IReadOnlyList<ToolTestResult>> RunAsync(ToolPackage package, string hash, CancellationToken cancellation)
    {
        ReadyTool tool;
        try
        {
            tool = await bench.PrepareAsync(package, hash, cancellation);
        }
        catch (ToolBrokenException broken)
        {
            return [.. package.Tests.Select(test => new ToolTestResult(test.Name, false, broken.Message, 0))];
        }

        List<ToolTestResult> results = [];
        foreach (var test in package.Tests) results.Add(await RunAsync(tool, test, cancellation));
        return results;
    }

    private async Task<ToolTestResult> RunAsync(ReadyTool tool, ToolTest test, CancellationToken cancellation)
    {
        var workspace = bench.NewFolder();
        foreach (var (path, content) in test.Files ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            var full = Path.GetFullPath(Path.Combine(workspace, path));
            if (!full.StartsWith(workspace + "/", StringComparison.Ordinal)) throw new ToolRefusedException($"The test '{test.Name}' has a file outside of its workspace.");
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            await File.WriteAllTextAsync(full, content, cancellation);
        }

        var outcome = await _runner.RunAsync(tool, test.Input, workspace, cancellation);
        Workspaces.FolderRemoval.TryDelete(workspace);
        if (outcome.Outcome == ToolOutcomes.Refused) throw new ToolRefusedException(outcome.Detail ?? "It was refused.");
        var wrong = Judge(test, outcome);
        return new ToolTestResult(test.Name, wrong is null, wrong, outcome.Milliseconds);
    }

    private static string? Judge(ToolTest test, ToolOutcome outcome)
    {
        if (test.Fails is { } reason)
        {
            if (outcome.Outcome == ToolOutcomes.Ok) return $"It should fail, and gave {Cut(outcome.Output!.Value.GetRawText())}";
            return outcome.Detail?.Contains(reason, StringComparison.Ordinal) == true ? null : $"It should fail with '{Cut(reason)}', and failed with: {Cut(outcome.Detail ?? outcome.Outcome)}";
        }

        if (outcome.Outcome != ToolOutcomes.Ok) return $"{outcome.Outcome}: {Cut(outcome.Detail ?? "")}";
        return JsonElement.DeepEquals(test.Output!.Value, outcome.Output!.Value) ? null : $"It gave {Cut(outcome.Output.Value.GetRawText())} rather than {Cut(test.Output.Value.GetRawText())}";
    }

    private static string Cut(string text) => text.Length <= MostShown ? text : text[..MostShown] + "...";
}
