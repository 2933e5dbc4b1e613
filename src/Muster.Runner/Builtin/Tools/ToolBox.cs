using System.Text.Json;
using Microsoft.Extensions.AI;
using Muster.Client;
using Muster.Contracts.Fleet;
using Muster.Runner.Builtin.Transcripts;
using Muster.Runner.Executors;
using Muster.Runner.Git;
using Muster.Runner.Workspaces;

namespace Muster.Runner.Builtin.Tools;

/// <summary>All tools of one attempt, its own and those of its sources. A call that fails is a result like any other.</summary>
internal sealed class ToolBox : IAsyncDisposable
{
    private static readonly TimeSpan SourceTime = TimeSpan.FromMinutes(5);

    private readonly Dictionary<string, AgentTool> _tools = new(StringComparer.Ordinal);
    private readonly List<(IToolSession Session, string Source, List<string> Names)> _sessions = [];
    private readonly IReadOnlyList<string>? _allowed;
    private readonly Redactor _redactor;

    /// <param name="own">The agent's own tools.</param>
    /// <param name="allowed">What its role may use; null is all.</param>
    /// <param name="redactor">Knows what no model may read.</param>
    public ToolBox(IEnumerable<AgentTool> own, IReadOnlyList<string>? allowed, Redactor redactor)
    {
        (_allowed, _redactor) = (allowed, redactor);
        foreach (var tool in own.Where(tool => RoleTools.Allow(allowed, tool.Name))) _tools.Add(tool.Name, tool);
    }

    public IReadOnlyList<AIFunctionDeclaration> Declarations =>
        [.. _tools.Values.Select(tool => AIFunctionFactory.CreateDeclaration(tool.Name, tool.Declaration.Description, tool.Declaration.InputSchema))];

    /// <summary>What the declarations add to every question.</summary>
    public long Characters => _tools.Values.Sum(tool => tool.Name.Length + tool.Declaration.Description.Length + tool.Declaration.InputSchema.GetRawText().Length + 40L);

    /// <summary>Adds a source's tools. One that cannot be had is left out, and said.</summary>
    public async Task AddAsync(IToolSource source, Attempt attempt, Action<string> note, CancellationToken cancellation)
    {
        try
        {
            var session = await source.OpenAsync(attempt, cancellation);
            var names = new List<string>();
            _sessions.Add((session, source.Name, names));
            Take(session, source.Name, names, note);
            note($"{names.Count} tools of {source.Name}{Others(session)}");
        }
        catch (ToolSourceException error)
        {
            note($"the tools of {source.Name} are not to be had: {error.Message}");
        }
    }

    /// <summary>Takes over what sources have by now.</summary>
    /// <returns>Whether any has others than before.</returns>
    public async Task<bool> RefreshAsync(Action<string> note, CancellationToken cancellation)
    {
        var any = false;
        foreach (var (session, source, names) in _sessions)
        {
            if (!await session.RefreshAsync(cancellation)) continue;
            any = true;
            foreach (var name in names) _tools.Remove(name);
            names.Clear();
            Take(session, source, names, note);
            note($"{names.Count} tools of {source} now{Others(session)}");
        }

        return any;
    }

    /// <returns>The result, and whether the call could be read at all.</returns>
    public async Task<(ToolResult Result, bool Readable)> CallAsync(FunctionCallContent call, CancellationToken cancellation)
    {
        if (call.Exception is { } wrong) return (new ToolResult($"The arguments are not an object of JSON: {wrong.Message} They were taken as: {Excerpt(call)}", Failed: true), false);
        if (!_tools.TryGetValue(call.Name, out var tool)) return (new ToolResult($"There is no tool '{Texts.Cut(call.Name, 100)}'. There are: {string.Join(", ", _tools.Keys)}.", Failed: true), false);
        var result = await CallAsync(tool, JsonSerializer.SerializeToElement(call.Arguments), cancellation);
        // Whatever a tool came upon: a key that the runner holds goes to no model.
        var text = _redactor.WithoutKnown(result.Text);
        if (text.Length > ToolResult.MaxCharacters + 500) text = Texts.CutCounted(text, ToolResult.MaxCharacters);
        return (result with { Text = text }, true);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (session, _, _) in _sessions) await session.DisposeAsync();
    }

    private string Others(IToolSession session) => session.Tools.Count(tool => !RoleTools.Allow(_allowed, tool.Name)) is > 0 and var others ? $"; {others} more are not for this role" : "";

    private void Take(IToolSession session, string source, List<string> names, Action<string> note)
    {
        foreach (var tool in session.Tools.Where(tool => RoleTools.Allow(_allowed, tool.Name)))
        {
            if (_tools.TryAdd(tool.Name, new AgentTool(tool, (arguments, ct) => CallSourceAsync(session, tool.Name, arguments, ct)))) names.Add(tool.Name);
            else note($"the tool {tool.Name} of {source} is left out: there is one of that name");
        }
    }

    private static async Task<ToolResult> CallAsync(AgentTool tool, JsonElement arguments, CancellationToken cancellation)
    {
        try
        {
            return await tool.CallAsync(arguments, cancellation);
        }
        catch (Exception error) when (IsFailure(error, cancellation))
        {
            return new ToolResult(error is OperationCanceledException ? "It took too long and was ended." : error.Message, Failed: true);
        }
    }

    // A lost lease is no failure of a tool, it is the end.
    private static bool IsFailure(Exception error, CancellationToken cancellation) =>
        error is ToolFailureException or GitException or WorkspaceException or PlaneUnreachableException or IOException or UnauthorizedAccessException or MusterException and not LeaseLostException
        || (error is OperationCanceledException && !cancellation.IsCancellationRequested);

    private static async Task<ToolResult> CallSourceAsync(IToolSession session, string tool, JsonElement arguments, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(SourceTime);
        return await session.CallAsync(tool, arguments, limit.Token);
    }

    private static string Excerpt(FunctionCallContent call) => Texts.Cut(call.RawRepresentation as string ?? "", 300);
}
