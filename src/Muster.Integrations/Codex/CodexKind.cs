using System.Text.Json;
using Muster.ControlPlane.Models.Calling;
using Muster.Integrations.ModelPrograms;

namespace Muster.Integrations.Codex;

/// <summary>
/// Codex as the user who runs the plane has signed it in: <c>codex exec</c>, one question a call, in an empty folder. Who asks may be anybody who holds
/// a task, and its read-only sandbox reads the whole disk: so all its tools are off, and an answer in which it used one all the same is not handed on.
/// </summary>
public sealed class CodexKind : IProviderKind
{
    private const string Program = "codex";

    /// <summary>By which it reads files: a release that does not know one of these refuses to start.</summary>
    private static readonly string[] Reading = ["shell_tool", "unified_exec", "view_image"];

    /// <summary>Which a release may or may not have.</summary>
    private static readonly string[] More = ["multi_agent", "goals", "hooks", "plugins", "apps", "browser_use", "computer_use", "image_generation", "in_app_browser", "skill_search", "tool_suggest"];

    /// <summary>What it may do on the way to an answer.</summary>
    private static readonly string[] Thinking = ["agent_message", "reasoning", "error", "todo_list"];

    public string Kind => "codex";
    public string? DefaultServer => "http://codex.invalid/";
    public string? KeyVariable => null;

    public string? WhyMissing(Func<string, string?> variable)
    {
        if (ModelProgram.Find(Program, variable) is null) return "Codex is not installed (npm install --global @openai/codex).";
        var folder = variable("CODEX_HOME") is { Length: > 0 } said ? said : Path.Combine(variable("HOME") ?? "", ".codex");
        return !string.IsNullOrWhiteSpace(variable("CODEX_API_KEY")) || File.Exists(Path.Combine(folder, "auth.json"))
            ? null
            : "Codex is not signed in: run `codex login` as the user that runs the plane.";
    }

    public IModelProvider Create(ProviderSettings settings) => new ProgramProvider(settings, "Codex", Kind, AskAsync);

    private static async Task<ProgramReply> AskAsync(ProgramQuestion question, CancellationToken ct)
    {
        var program = new ModelProgram(Program);
        var listed = await program.AskAsync(["mcp", "list", "--json"], "", ct);
        if (ServersOf(listed) is not { } servers) return new ProgramReply(502, Words.Last(listed, "codex does not say which servers of MCP it has, so it is not asked."), Words.None);
        string[] arguments =
        [
            "exec", "--json", "--skip-git-repo-check", "--ephemeral", "--sandbox", "read-only", "-c", "approval_policy=\"never\"", "-c", "web_search=\"disabled\"",
            .. Reading.SelectMany(tool => new[] { "--disable", tool }), .. More.SelectMany(tool => new[] { "-c", $"features.{tool}=false" }),
            .. servers.SelectMany(server => new[] { "-c", $"mcp_servers.{server}.enabled=false" }),
            .. question.Model is { } model ? ["--model", model] : Array.Empty<string>(),
            "-",
        ];
        var text = string.Join("\n\n", new[] { question.System, "Answer from what stands here; run nothing.", question.Text }.Where(part => part.Length > 0));
        return Read(await program.AskAsync(arguments, text, ct));
    }

    /// <summary>The servers of MCP that its user has given it; null when that cannot be known.</summary>
    internal static IReadOnlyList<string>? ServersOf(ProgramAnswer listed)
    {
        if (listed.Code != 0) return null;
        try
        {
            var servers = JsonSerializer.Deserialize<JsonElement>(listed.Output);
            return servers.ValueKind == JsonValueKind.Array ? [.. servers.EnumerateArray().Select(server => server.GetProperty("name").GetString()!)] : null;
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Its events, a line each: the last message is the answer.</summary>
    internal static ProgramReply Read(ProgramAnswer said)
    {
        string? text = null, fault = null, used = null;
        var tokens = Words.None;
        foreach (var line in said.Output.Split('\n').Where(line => line.StartsWith('{')))
        {
            JsonElement happened;
            try
            {
                happened = JsonSerializer.Deserialize<JsonElement>(line);
            }
            catch (JsonException)
            {
                // A line that is cut says nothing; without a last message that is told below.
                continue;
            }

            switch (Text(happened, "type"))
            {
                case "item.started" or "item.completed" when happened.TryGetProperty("item", out var item):
                    var kind = Text(item, "type");
                    if (!Thinking.Contains(kind)) used = kind;
                    else if (kind == "agent_message") text = Text(item, "text") ?? text;
                    break;
                case "turn.completed" when happened.TryGetProperty("usage", out var usage):
                    var cached = Words.Number(usage, "cached_input_tokens");
                    tokens = new TokenCounts(Words.Number(usage, "input_tokens") - cached, Words.Number(usage, "output_tokens"), cached);
                    break;
                case "turn.failed" when happened.TryGetProperty("error", out var error):
                    fault = Text(error, "message");
                    break;
                case "error":
                    fault ??= Text(happened, "message");
                    break;
            }
        }

        if (used is not null) return new ProgramReply(502, $"codex used a tool ({used}) although all of them were off. Its answer is not handed on.", tokens);
        if (said.Code == 0 && text is not null) return new ProgramReply(200, text, tokens);
        fault ??= Words.Last(said, $"codex ended with exit code {said.Code} and no answer.");
        return new ProgramReply(Words.Status(fault), fault, Words.None);
    }

    private static string? Text(JsonElement from, string name) => from.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}

public static class AddCodexKind
{
    public static ProviderKinds AddCodex(this ProviderKinds kinds) => kinds.Add(new CodexKind());
}
