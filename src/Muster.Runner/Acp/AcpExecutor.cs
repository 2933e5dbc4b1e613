using System.Text.Json;
using Muster.Contracts.Fleet;
using Muster.Runner.Builtin;
using Muster.Runner.Builtin.Tools;
using Muster.Runner.Executors;
using Muster.Runner.Mcp;
using Muster.Runner.Processes;
using Muster.Runner.Profiles;
using Muster.Runner.Profiles.Output;
using Muster.Runner.Sandbox;

namespace Muster.Runner.Acp;

/// <summary>Has a program do the task that speaks the Agent Client Protocol (version 1) on its standard input and output.</summary>
internal sealed class AcpExecutor : IExecutor
{
    private const int ProtocolVersion = 1;

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time;
    private readonly TimeSpan _startTime;
    private readonly IReadOnlyList<IToolSource> _sources;
    private readonly Func<CancellationToken, Task<CommandSandbox>> _sandbox;

    /// <param name="definition">Names the program.</param>
    /// <param name="time">Clock of what is waited for.</param>
    /// <param name="sources">Tools from outside.</param>
    /// <param name="sandbox">Finds out what this host has.</param>
    /// <param name="startTime">How long it may take to begin a session; 90 s when null.</param>
    /// <exception cref="ExecutorException">The definition names no program.</exception>
    public AcpExecutor(AgentDefinition definition, TimeProvider time, IReadOnlyList<IToolSource> sources, Func<CancellationToken, Task<CommandSandbox>> sandbox, TimeSpan? startTime = null)
    {
        if (definition.Command is not { Count: > 0 } command || string.IsNullOrWhiteSpace(command[0]))
            throw new ExecutorException("The executor 'acp' needs a command: the program and its arguments, such as opencode acp.");
        _time = time;
        _sources = sources;
        _sandbox = sandbox;
        _startTime = startTime ?? TimeSpan.FromSeconds(90);
    }

    public string Name => Contracts.Fleet.Executors.Acp;

    public async Task<ExecutionResult> RunAsync(Attempt attempt, CancellationToken cancellation)
    {
        var command = attempt.Definition.Command!;
        var profile = AcpPrograms.Find(command[0]);
        var fence = await _sandbox(cancellation);
        if (ProfileRun.Impossible(attempt, profile, fence) is { } impossible) return impossible;
        await using var run = await ProfileRun.StartAsync(attempt, profile, fence, _time, _sources, cancellation);
        var client = new AcpClient(await AttemptFolder.OpenAsync(attempt, cancellation), run.Report);
        var spec = new ProcessSpec { FileName = command[0], Arguments = [.. command.Skip(1)], WorkingDirectory = attempt.Folder, Environment = run.Environment };
        var stop = "";
        var end = await AttemptProcess.RunAsync(
            attempt,
            async within =>
            {
                await using var peer = new AcpPeer(run.Sandbox.Enclose(spec), client, line => run.Report.Say(line));
                try
                {
                    stop = await TalkAsync(attempt, peer, run, within);
                    return new ProgramEnd { Exit = await peer.CloseAsync(Grace) };
                }
                catch (AcpException broken)
                {
                    run.Report.Fail(broken.Message);
                    return new ProgramEnd { Exit = new ProcessExit(1) };
                }
                finally
                {
                    client.Flush();
                }
            },
            () => run.Report.Final ?? "", cancellation, run.Refused);
        run.Report.Finish(client.Message);
        await run.EndAsync(cancellation);
        return Judge(run, end, stop, command[0]);
    }

    // Over HTTP where it can; what it can besides, such as starting programs itself, is not asked of it.
    private static object[] Servers(JsonElement hello, ProfileRun run)
    {
        if (run.Tools.IsEmpty) return [];
        if (hello.True("agentCapabilities", "mcpCapabilities", "http"))
            return [new { type = "http", name = McpConfigFiles.ServerName, url = run.Tools.Address.AbsoluteUri, headers = new[] { new { name = "Authorization", value = $"Bearer {run.Tools.Key}" } } }];
        run.Report.Say("It takes no tools over HTTP, so those that are approved for it are not offered.");
        return [];
    }

    private async Task<string> TalkAsync(Attempt attempt, AcpPeer peer, ProfileRun run, CancellationToken cancellation)
    {
        var hello = await peer.AskAsync("initialize", new
        {
            protocolVersion = ProtocolVersion,
            clientCapabilities = new { fs = new { readTextFile = false, writeTextFile = false }, terminal = false },
            clientInfo = new { name = "muster", title = "Muster", version = typeof(AcpExecutor).Assembly.GetName().Version?.ToString(3) },
        }, _startTime, _time, cancellation);
        if (hello.Number("protocolVersion") is not ProtocolVersion and var other) throw new AcpException($"It speaks version {other} of the Agent Client Protocol; we speak {ProtocolVersion}.");
        if (hello.Text("agentInfo", "name") is { Length: > 0 } name) run.Report.Say($"{name} {hello.Text("agentInfo", "version")}".TrimEnd());

        var session = await peer.AskAsync("session/new", new { cwd = attempt.Folder, mcpServers = Servers(hello, run) }, _startTime, _time, cancellation);
        var id = session.Text("sessionId");
        if (id.Length == 0) throw new AcpException("It began no session.");

        var asked = peer.AskAsync("session/prompt", new { sessionId = id, prompt = new[] { new { type = "text", text = run.Prompt } } }, limit: null, _time, cancellation);
        try
        {
            var answer = await asked;
            Count(run.Report, answer.At("usage"));
            return answer.Text("stopReason");
        }
        catch (OperationCanceledException) when (run.Refused.IsCancellationRequested)
        {
            // In good order where there is time for it: what it holds open, it can put down.
            peer.Tell("session/cancel", new { sessionId = id });
            await peer.CloseAsync(Grace);
            throw;
        }
    }

    private static void Count(ProgramReport report, JsonElement usage)
    {
        if (usage.ValueKind != JsonValueKind.Object) return;
        report.Count(new ProgramTokens(usage.Number("inputTokens"), usage.Number("outputTokens") + usage.Number("thoughtTokens"), usage.Number("cachedReadTokens")));
    }

    private static ExecutionResult Judge(ProfileRun run, ProgramEnd end, string stop, string program)
    {
        if (end.Failure is { } failure) return failure;
        if (stop != "end_turn" && run.Refusal() is { } refused) return refused;
        return stop switch
        {
            "end_turn" => run.Ready(),
            "" => ExecutionResult.Failed($"{Path.GetFileName(program)}: {run.Report.Fault ?? "it ended without an answer."}"),
            "refusal" => ExecutionResult.Failed($"The model refused: {run.Report.Final}".TrimEnd(':', ' ')),
            "max_tokens" or "max_turn_requests" => ExecutionResult.Failed($"It stopped at a limit of its own ({stop}) before it was done."),
            _ => ExecutionResult.Failed($"It stopped: {stop}."),
        };
    }
}
