using System.Text;
using System.Text.Json;
using Muster.Contracts.Tools;
using Muster.Runner.Sandbox;

namespace Muster.Runner.Tools;

/// <summary>Runs a tool once: JSON in, JSON out, both of the shape that its manifest promises.</summary>
/// <param name="bench">Whose sandbox.</param>
/// <param name="isApproved">Whether a person has agreed to the hosts that it names; else its gate is there and lets nothing through.</param>
public sealed class ToolRunner(ToolBench bench, bool isApproved)
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 32 };

    /// <param name="tool">Made ready by the same bench.</param>
    /// <param name="input">Not yet compared with its schema.</param>
    /// <param name="workspace">The attempt's folder; seen only by a tool that may.</param>
    /// <param name="cancellation">Ends it and all it started.</param>
    public async Task<ToolOutcome> RunAsync(ReadyTool tool, JsonElement input, string? workspace, CancellationToken cancellation)
    {
        var manifest = tool.Manifest;
        if (JsonShape.WhyNot(manifest.InputSchema, input) is { } wrong) return new ToolOutcome { Outcome = ToolOutcomes.BadInput, Detail = $"The input is not what the tool asks for: {wrong}." };
        var files = manifest.Permissions.Files;
        if (files != ToolFiles.None && workspace is null) return Refused("The tool works on the files of an attempt, and there is none here.");
        var view = new ToolView { Code = tool.Code, Programs = tool.Programs, ReadOnly = tool.ReadOnly, Workspace = files == ToolFiles.None ? null : workspace, MayWrite = files == ToolFiles.Write };
        if (manifest.Permissions.Network.Count == 0) return await RunAsync(tool, input, view, cancellation);
        // Not below the host's data folder: a socket's path may have 107 bytes.
        var folder = Directory.CreateTempSubdirectory("muster-gate-").FullName;
        try
        {
            GateFolder.Fill(folder);
            await using var gate = ToolGate.Open(folder, isApproved ? manifest.Permissions.Network : []);
            var outcome = await RunAsync(tool, input, view with { Gate = folder }, cancellation);
            return gate.Told is { } told ? outcome with { Detail = outcome.Detail is null ? $"Network: {told}" : $"{outcome.Detail}\nNetwork: {told}" } : outcome;
        }
        finally
        {
            Workspaces.FolderRemoval.TryDelete(folder);
        }
    }

    private async Task<ToolOutcome> RunAsync(ReadyTool tool, JsonElement input, ToolView view, CancellationToken cancellation)
    {
        var manifest = tool.Manifest;
        var run = await SandboxedRun.StartAsync(bench, view, tool.Command, input.GetRawText(), manifest.Limits, manifest.Language == ToolLanguages.CSharp, cancellation);
        var outcome = new ToolOutcome { Outcome = "", Milliseconds = run.Milliseconds, OutputBytes = Encoding.UTF8.GetByteCount(run.Output) };
        return run.Ending switch
        {
            RunEnding.NotStarted => outcome with { Outcome = ToolOutcomes.Refused, Detail = run.Why },
            RunEnding.OverTime or RunEnding.OverMemory => outcome with { Outcome = ToolOutcomes.Limit, Detail = run.Why },
            RunEnding.OverOutput => outcome with { Outcome = ToolOutcomes.BadOutput, Detail = run.Why },
            _ when run.Code != 0 => outcome with { Outcome = ToolOutcomes.Failed, Detail = run.Why },
            _ => Read(outcome, manifest, run.Output),
        };
    }

    private static ToolOutcome Read(ToolOutcome outcome, ToolManifest manifest, string text)
    {
        JsonElement output;
        try
        {
            output = JsonDocument.Parse(text, Strict).RootElement;
        }
        catch (JsonException error)
        {
            return outcome with { Outcome = ToolOutcomes.BadOutput, Detail = $"It did not write JSON: {error.Message}" };
        }

        return JsonShape.WhyNot(manifest.OutputSchema, output) is { } wrong
            ? outcome with { Outcome = ToolOutcomes.BadOutput, Detail = $"What it wrote is not what it promises: {wrong}." }
            : outcome with { Outcome = ToolOutcomes.Ok, Output = output };
    }

    private static ToolOutcome Refused(string why) => new() { Outcome = ToolOutcomes.Refused, Detail = why };
}
