using System.Text.Json;
using Muster.Client;
using Muster.Contracts.Tools;
using Muster.Runner.Builtin;
using Muster.Runner.Executors;

namespace Muster.Runner.Tools;

/// <summary>
/// The fleet's tools during one attempt. Before each call the plane is asked for leave, under the attempt's lease: what was pulled a
/// moment ago is not run, and each use is on record, also one that never comes back.
/// </summary>
internal sealed class FleetToolSession(Attempt attempt, MusterClient muster, ToolBench bench) : IToolSession
{
    /// <summary>No server of others can have it: their names hold no '_' before the first two.</summary>
    public const string Prefix = "fleet__";

    private readonly CallOptions _call = CallOptions.ForLease(attempt.Gateway.Key);
    private readonly ToolRunner _runner = new(bench, isApproved: true);
    private readonly ToolProposal _proposal = new(attempt, muster);
    private readonly Dictionary<string, ToolPackage> _packages = new(StringComparer.Ordinal);
    private IReadOnlyList<OfferedTool> _offered = [];

    public IReadOnlyList<ToolDeclaration> Tools { get; private set; } = [ToolProposal.Declaration];

    /// <summary>Reads what is approved now.</summary>
    /// <returns>Whether it is something else than before.</returns>
    public async Task<bool> ReadAsync(CancellationToken cancellation)
    {
        var offered = await muster.ListOfferedToolsAsync(cancellation);
        if (!bench.Sandbox.Works)
        {
            if (offered.Count > 0 && _offered.Count == 0) attempt.Log($"muster: {offered.Count} tools of the fleet are left out: they run in a sandbox only. {bench.Sandbox.Statement}");
            _offered = offered;
            return false;
        }

        if (offered.Select(tool => tool.Hash).SequenceEqual(_offered.Select(tool => tool.Hash), StringComparer.Ordinal)) return false;
        _offered = offered;
        Tools = [ToolProposal.Declaration, .. offered.Select(tool => new ToolDeclaration(Prefix + tool.Name, tool.Description, tool.InputSchema))];
        return true;
    }

    public async Task<bool> RefreshAsync(CancellationToken cancellation)
    {
        try
        {
            return await ReadAsync(cancellation);
        }
        catch (Exception error) when (error is PlaneUnreachableException or MusterException and not LeaseLostException)
        {
            // What was offered last stays; the plane is asked at each call anyway.
            return false;
        }
    }

    public async Task<ToolResult> CallAsync(string tool, JsonElement arguments, CancellationToken cancellation)
    {
        if (tool == ToolProposal.Name) return await _proposal.MakeAsync(arguments, cancellation);
        if (_offered.FirstOrDefault(one => Prefix + one.Name == tool) is not { } offered) return new ToolResult($"There is no tool '{tool}' now.", Failed: true);
        StartedToolCall started;
        try
        {
            started = await muster.StartToolCallAsync(offered.Name, new StartToolCall { Hash = offered.Hash, InputBytes = arguments.GetRawText().Length }, _call, cancellation);
        }
        catch (Exception error) when (error is PlaneUnreachableException or MusterException and not LeaseLostException)
        {
            return new ToolResult($"The tool was not run. {error.Message}", Failed: true);
        }

        var outcome = await RunAsync(started, arguments, cancellation);
        attempt.Log($"muster: {tool} version {started.Version}: {outcome.Outcome}, {outcome.Milliseconds} ms");
        return outcome.Outcome == ToolOutcomes.Ok
            ? new ToolResult(Bounded(outcome.Output!.Value.GetRawText()))
            : new ToolResult(Bounded($"{outcome.Outcome}: {outcome.Detail}"), Failed: true);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task<ToolOutcome> RunAsync(StartedToolCall started, JsonElement input, CancellationToken cancellation)
    {
        var outcome = new ToolOutcome { Outcome = ToolOutcomes.Abandoned, Detail = "The call was called off." };
        try
        {
            var ready = await bench.PrepareAsync(await PackageAsync(started, cancellation), started.Hash, cancellation);
            outcome = await _runner.RunAsync(ready, input, attempt.Folder, cancellation);
        }
        catch (Exception error) when (error is ToolRefusedException or ToolBrokenException or PlaneUnreachableException or IOException or UnauthorizedAccessException or MusterException and not LeaseLostException)
        {
            outcome = new ToolOutcome { Outcome = ToolOutcomes.Refused, Detail = error.Message };
        }
        finally
        {
            await EndAsync(started, outcome);
        }

        return outcome;
    }

    private async Task<ToolPackage> PackageAsync(StartedToolCall started, CancellationToken cancellation)
    {
        if (_packages.TryGetValue(started.Hash, out var known)) return known;
        return _packages[started.Hash] = (await muster.GetToolVersionAsync(started.Tool, started.Version, cancellation)).Package;
    }

    /// <summary>Also when the call was called off. A record that the plane takes no more is marked by the plane itself.</summary>
    private async Task EndAsync(StartedToolCall started, ToolOutcome outcome)
    {
        try
        {
            var end = new EndToolCall { Outcome = outcome.Outcome, Detail = outcome.Detail, Milliseconds = outcome.Milliseconds, OutputBytes = outcome.OutputBytes };
            await muster.EndToolCallAsync(started.Id, end, _call with { Timeout = TimeSpan.FromSeconds(10) });
        }
        catch (Exception error) when (error is PlaneUnreachableException or MusterException and not LeaseLostException)
        {
            attempt.Log($"muster: the end of a call of {started.Tool} could not be told: {error.Message}");
        }
    }

    private static string Bounded(string text) =>
        text.Length <= ToolResult.MaxCharacters ? text : string.Concat(text.AsSpan(0, ToolResult.MaxCharacters - 40), "\n[cut: the rest is left out]");
}
