using System.Text.Json;
using Muster.ControlPlane.Models.Calling;
using Muster.Integrations.ModelPrograms;

namespace Muster.Integrations.ClaudeCode;

/// <summary>Claude Code as the user who runs the plane has signed it in: <c>claude -p</c>, one question a call, all its tools off.</summary>
public sealed class ClaudeCodeKind : IProviderKind
{
    private const string Program = "claude";

    public string Kind => "claude-code";
    public string? DefaultServer => "http://claude-code.invalid/";
    public string? KeyVariable => null;

    public string? WhyMissing(Func<string, string?> variable)
    {
        if (ModelProgram.Find(Program, variable) is null) return "Claude Code is not installed (npm install --global @anthropic-ai/claude-code).";
        var folder = variable("CLAUDE_CONFIG_DIR") is { Length: > 0 } said ? said : Path.Combine(variable("HOME") ?? "", ".claude");
        return new[] { "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN" }.Any(name => !string.IsNullOrWhiteSpace(variable(name))) || File.Exists(Path.Combine(folder, ".credentials.json")) || OperatingSystem.IsMacOS()
            ? null
            : "Claude Code is not signed in: run `claude` once as the user that runs the plane.";
    }

    public IModelProvider Create(ProviderSettings settings) => new ProgramProvider(settings, "Claude Code", Kind, AskAsync);

    private static async Task<ProgramReply> AskAsync(ProgramQuestion question, CancellationToken ct)
    {
        string[] arguments =
        [
            "-p", "--output-format", "json", "--tools", "", "--strict-mcp-config", "--setting-sources", "user", "--no-session-persistence",
            .. question.System.Length > 0 ? ["--system-prompt", question.System] : Array.Empty<string>(),
            .. question.Model is { } model ? ["--model", model] : Array.Empty<string>(),
        ];
        var said = await new ModelProgram(Program).AskAsync(arguments, question.Text, ct);
        return Read(said);
    }

    /// <summary>Its one result. What went wrong stands in words; the status is made of them.</summary>
    internal static ProgramReply Read(ProgramAnswer said)
    {
        JsonElement result;
        try
        {
            result = JsonSerializer.Deserialize<JsonElement>(said.Output);
        }
        catch (JsonException)
        {
            return new ProgramReply(502, Words.Last(said, $"claude ended with exit code {said.Code} and no answer."), Words.None);
        }

        var text = result.TryGetProperty("result", out var words) ? words.ToString() : "";
        if (said.Code != 0 || (result.TryGetProperty("is_error", out var wrong) && wrong.ValueKind == JsonValueKind.True)) return new ProgramReply(Words.Status(text), text, Words.None);
        var usage = result.TryGetProperty("usage", out var counted) ? counted : default;
        var tokens = new TokenCounts(Words.Number(usage, "input_tokens"), Words.Number(usage, "output_tokens"), Words.Number(usage, "cache_read_input_tokens"), Words.Number(usage, "cache_creation_input_tokens"));
        var model = result.TryGetProperty("modelUsage", out var models) && models.ValueKind == JsonValueKind.Object ? models.EnumerateObject().Select(one => one.Name).FirstOrDefault() : null;
        return new ProgramReply(200, text, tokens, model);
    }
}

public static class AddClaudeCodeKind
{
    public static ProviderKinds AddClaudeCode(this ProviderKinds kinds) => kinds.Add(new ClaudeCodeKind());
}
