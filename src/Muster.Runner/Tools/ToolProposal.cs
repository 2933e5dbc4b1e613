using System.Text.Json;
using System.Text.Json.Nodes;
using Muster.Client;
using Muster.Contracts;
using Muster.Contracts.Tools;
using Muster.Runner.Builtin;
using Muster.Runner.Executors;

namespace Muster.Runner.Tools;

/// <summary>How an agent makes a tool: it says what it is, and the plane has its tests run and says what came of them.</summary>
internal sealed class ToolProposal(Attempt attempt, MusterClient muster)
{
    public const string Name = "propose_tool";

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    public static ToolDeclaration Declaration { get; } = new(
        Name,
        """
        Makes a tool for every agent of the fleet, or a new version of one, when a capability is missing that others will need again. Not for a single use: run a command for that.
        The source is one file: C# (top-level statements, no packages), Python (standard library) or sh. It reads one JSON object from standard input, writes one to standard output,
        and fails by a non-zero exit code with the reason on standard error. It runs in a sandbox without home or environment, and without network but to the hosts that it names, by the proxy in HTTPS_PROXY; its tests run without any; with permission files 'read' or 'write' the workspace is
        its current folder, /workspace. Ask for nothing that it does not need: what asks for nothing is approved as soon as its tests pass, anything else by a person.
        The tests come with it: at least one input with its exact output, better also one that must fail. Answers how the tests ended.
        """.ReplaceLineEndings(" ").Trim(),
        JsonSerializer.Deserialize<JsonElement>(
            """
            {
              "type": "object",
              "properties": {
                "name": { "type": "string", "description": "2 to 40 lower-case letters, digits and '-'" },
                "description": { "type": "string", "description": "What it does and when to use it" },
                "language": { "type": "string", "enum": ["csharp", "python", "shell"] },
                "inputSchema": { "type": "object", "description": "JSON schema of the input, type object" },
                "outputSchema": { "type": "object", "description": "JSON schema of the output, type object" },
                "source": { "type": "string" },
                "tests": {
                  "type": "array",
                  "items": {
                    "type": "object",
                    "properties": {
                      "name": { "type": "string" },
                      "input": { "type": "object" },
                      "output": { "type": "object", "description": "What exactly must come of it" },
                      "fails": { "type": "string", "description": "Instead of output: text that the reason of the failure holds" },
                      "files": { "type": "object", "description": "Text files of the workspace, by path" }
                    },
                    "required": ["name", "input"]
                  }
                },
                "permissions": {
                  "type": "object",
                  "properties": {
                    "files": { "type": "string", "enum": ["none", "read", "write"] },
                    "network": { "type": "array", "items": { "type": "string" }, "description": "Hosts, as name (port 443) or name:port; a person must approve them" },
                    "programs": { "type": "array", "items": { "type": "string" }, "description": "Programs beside sh, awk, grep, jq, sed, sort and their like" }
                  }
                },
                "limits": {
                  "type": "object",
                  "properties": { "seconds": { "type": "integer" }, "outputBytes": { "type": "integer" }, "memoryMb": { "type": "integer" } }
                }
              },
              "required": ["name", "description", "language", "inputSchema", "outputSchema", "source", "tests"]
            }
            """));

    public async Task<ToolResult> MakeAsync(JsonElement arguments, CancellationToken cancellation)
    {
        if (Read(arguments, out var wrong) is not { } package) return new ToolResult($"The tool cannot be read: {wrong}", Failed: true);
        try
        {
            var version = await CreateAsync(package, cancellation);
            attempt.Log($"muster: made the tool {version.Name} version {version.Version}");
            return Say(await TestedAsync(version, cancellation));
        }
        catch (Exception error) when (error is PlaneUnreachableException or MusterException and not LeaseLostException)
        {
            return new ToolResult($"The tool was not taken. {Explain(error)}", Failed: true);
        }
    }

    private static ToolPackage? Read(JsonElement arguments, out string? wrong)
    {
        try
        {
            var manifest = JsonNode.Parse(arguments.GetRawText())!.AsObject();
            var (source, tests) = (manifest["source"], manifest["tests"]);
            manifest.Remove("source");
            manifest.Remove("tests");
            wrong = null;
            return new ToolPackage
            {
                Manifest = manifest.Deserialize<ToolManifest>(Wire.Json)!,
                Source = source?.GetValue<string>() ?? "",
                Tests = tests?.Deserialize<List<ToolTest>>(Wire.Json) ?? [],
            };
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            wrong = error.Message;
            return null;
        }
    }

    private async Task<ToolVersionInfo> CreateAsync(ToolPackage package, CancellationToken cancellation)
    {
        var call = CallOptions.ForLease(attempt.Gateway.Key);
        try
        {
            var tool = await muster.CreateToolAsync(package, call, cancellation);
            return await muster.GetToolVersionAsync(tool.Id, tool.Version, cancellation);
        }
        catch (MusterException there) when (there.Code == ProblemCodes.Duplicate)
        {
            return await muster.CreateToolVersionAsync(package.Manifest.Name, package, call, cancellation);
        }
    }

    private async Task<ToolVersionInfo> TestedAsync(ToolVersionInfo version, CancellationToken cancellation)
    {
        var until = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        while (version.Testing && Environment.TickCount64 < until)
        {
            await Task.Delay(Look, cancellation);
            version = await muster.GetToolVersionAsync(version.ToolId, version.Version, cancellation);
        }

        return version;
    }

    private static ToolResult Say(ToolVersionInfo version) => version switch
    {
        { Testing: true } => new ToolResult($"{version.Name} version {version.Version} is a draft; its tests still wait for a host with a sandbox. Go on without it."),
        { Status: ToolStates.Approved } => new ToolResult($"{version.Name} version {version.Version} is approved. Every agent can call it now, as {FleetToolSession.Prefix}{version.Name}."),
        { Status: ToolStates.Tested } => new ToolResult($"{version.Name} version {version.Version} is tested, and waits for a person's approval. {version.Reason} Go on without it."),
        _ => new ToolResult($"{version.Name} version {version.Version} is {version.Status}. {version.Reason}\n" + string.Join('\n', (version.Results ?? []).Select(result => $"{(result.Passed ? "passed" : "FAILED")} {result.Name} {result.Detail}")), Failed: true),
    };

    private static string Explain(Exception error) => error is MusterException { Problem.Errors: { Count: > 0 } errors }
        ? string.Join(' ', errors.SelectMany(field => field.Value).Distinct(StringComparer.Ordinal))
        : error.Message;
}
