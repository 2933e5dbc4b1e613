using System.Text.Json;
using Muster.ControlPlane.Models.Calling;
using Muster.Integrations.ModelPrograms;

namespace Muster.Integrations.Codex;

/// <summary>Codex as the user who runs the plane has signed it in: <c>codex exec</c>, one question a call, in its read-only sandbox and an empty folder.</summary>
public sealed class CodexKind : IProviderKind
{
    private const string Program = "codex";

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
        string[] arguments =
        [
            "exec", "--json", "--skip-git-repo-check", "--ephemeral", "--sandbox", "read-only", "-c", "approval_policy=\"never\"", "-c", "web_search=\"disabled\"",
            .. question.Model is { } model ? ["--model", model] : Array.Empty<string>(),
            "-",
        ];
        var text = question.System.Length == 0 ? question.Text : $"{question.System}\n\nAnswer from what stands here; run nothing.\n\n{question.Text}";
        return Read(await new ModelProgram(Program).AskAsync(arguments, text, ct));
    }

    /// <summary>Its events, a line each: the last message is the answer.</summary>
    internal static ProgramReply Read(ProgramAnswer said)
    {
        string? text = null, fault = null;
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
                case "item.completed" when happened.TryGetProperty("item", out var item) && Text(item, "type") == "agent_message":
                    text = Text(item, "text");
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
