using System.Text.Json.Nodes;

namespace Muster.Conformance.Models;

/// <summary>What the model answers once.</summary>
public sealed record ScriptedTurn
{
    public string Text { get; init; } = "";
    public string Thinking { get; init; } = "";
    public IReadOnlyList<ScriptedCall> Calls { get; init; } = [];

    /// <summary>Ended because it had no more tokens left.</summary>
    public bool CutShort { get; init; }

    /// <summary>Says its text over and over until the caller goes away; streams only.</summary>
    public bool Endless { get; init; }

    public static ScriptedTurn Say(string text) => new() { Text = text };

    public static ScriptedTurn Call(string tool, object arguments) => new() { Calls = [ScriptedCall.Of(tool, arguments)] };

    /// <summary>Runs a command with whatever tool of the caller's runs commands.</summary>
    public static ScriptedTurn Shell(ScriptedRequest request, string command) => new() { Calls = [ScriptedCall.Shell(request, command)] };
}

/// <summary>The model asks for a tool.</summary>
/// <param name="Name">The tool.</param>
/// <param name="Arguments">JSON text, or the plain text of a tool that takes such.</param>
/// <param name="Id">Given by the server.</param>
public sealed record ScriptedCall(string Name, string Arguments, string Id = "")
{
    private const string Prefix = "call_t";

    public static ScriptedCall Of(string tool, object arguments) =>
        new(tool, arguments as string ?? (arguments as JsonNode)?.ToJsonString() ?? global::System.Text.Json.JsonSerializer.Serialize(arguments));

    public static ScriptedCall Shell(ScriptedRequest request, string command)
    {
        // Claude Code and OpenCode; Codex, which has had several; Gemini CLI.
        if (request.Offers("Bash")) return Of("Bash", new { command, description = "Runs a command" });
        if (request.Offers("bash")) return Of("bash", new { command, description = "Runs a command" });
        if (request.Offers("exec_command")) return Of("exec_command", new { cmd = command });
        if (request.Offers("shell_command")) return Of("shell_command", new { command });
        if (request.Offers("run_shell_command")) return Of("run_shell_command", new { command });
        if (request.Tools.FirstOrDefault(tool => tool.Name == "shell") is not { } shell)
            throw new InvalidOperationException($"No tool that runs commands is offered: {string.Join(", ", request.Tools.Select(tool => tool.Name))}");
        var list = shell.Schema?["properties"]?["command"]?["type"]?.GetValue<string>() == "array";
        return Of("shell", list ? new { command = (string[])["sh", "-c", command] } : new { command });
    }

    internal ScriptedCall Numbered(int turn, int index, int request) => this with { Id = Id.Length > 0 ? Id : $"{Prefix}{turn}_{index}_{request}" };

    /// <summary>The turn that made the call; -1 when the id is not ours.</summary>
    internal static int TurnOf(string id) =>
        id.StartsWith(Prefix, StringComparison.Ordinal) && int.TryParse(id.AsSpan(Prefix.Length).ToString().Split('_')[0], out var turn) ? turn : -1;
}

/// <summary>Tokens as a provider bills them. <paramref name="In"/> is without those from the cache and those stored in it.</summary>
public sealed record ScriptedTokens(long In, long Out, long Cached = 0, long Stored = 0)
{
    public static readonly ScriptedTokens None = new(0, 0);

    public static ScriptedTokens operator +(ScriptedTokens a, ScriptedTokens b) => new(a.In + b.In, a.Out + b.Out, a.Cached + b.Cached, a.Stored + b.Stored);
}
