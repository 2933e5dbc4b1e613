using System.Text.Json;

namespace Muster.Runner.Profiles.Output;

/// <summary>Claude Code's <c>--output-format stream-json</c>: messages as the API has them, then one result.</summary>
internal sealed class ClaudeOutput : IProgramOutput
{
    // Its newer list of points is kept by calls that each make or change one.
    private readonly Dictionary<string, string> _points = new(StringComparer.Ordinal);

    public void Read(string line, ProgramReport report)
    {
        using var json = Json.Parse(line);
        if (json is null)
        {
            report.Say(line);
            return;
        }

        var root = json.RootElement;
        switch (root.Text("type"))
        {
            case "assistant":
                foreach (var part in root.Items("message", "content")) Part(part, report);
                break;
            case "user":
                foreach (var part in root.Items("message", "content").Where(part => part.Text("type") == "tool_result")) report.Say(Content(part.At("content")), "  ");
                break;
            case "result":
                Result(root, report);
                break;
            case "system" when root.Text("subtype") == "init":
                report.Model = root.Text("model");
                report.Say($"Claude Code {root.Text("claude_code_version")}, model {root.Text("model")}");
                break;
            case "system" when root.Text("subtype") == "api_retry":
                report.Say($"asking the model again ({root.Number("attempt")} of {root.Number("max_retries")}): {root.Text("error")} {root.Number("error_status")}");
                break;
        }
    }

    private void Part(JsonElement part, ProgramReport report)
    {
        switch (part.Text("type"))
        {
            case "text":
                report.Say(part.Text("text"));
                break;
            case "tool_use":
                report.Tool(part.Text("name"), Json.Use(part.At("input")));
                Points(part, report);
                break;
        }
    }

    private void Points(JsonElement use, ProgramReport report)
    {
        var input = use.At("input");
        switch (use.Text("name"))
        {
            case "TodoWrite":
                Json.Points(report, input.Items("todos"));
                break;
            case "TaskCreate":
                _points[$"{_points.Count + 1}"] = "pending";
                break;
            case "TaskUpdate" when input.Text("taskId") is { Length: > 0 } id && input.Text("status") is { Length: > 0 } status:
                _points[id] = status;
                report.Progress(_points.Values.Count(state => state == "completed"), _points.Count);
                break;
        }
    }

    private static void Result(JsonElement root, ProgramReport report)
    {
        var text = root.Text("result");
        if (root.True("is_error") || root.Text("subtype") != "success") report.Fail(text.Length > 0 ? text : $"It ended with {root.Text("subtype")}.");
        else report.Finish(text);
        var usage = root.At("usage");
        report.Count(new ProgramTokens(usage.Number("input_tokens") + usage.Number("cache_creation_input_tokens"), usage.Number("output_tokens"), usage.Number("cache_read_input_tokens")));
        foreach (var denied in root.Items("permission_denials")) report.Say($"was not allowed: {denied.Text("tool_name")} {Json.Use(denied.At("tool_input"))}");
    }

    private static string Content(JsonElement content) => content.ValueKind switch
    {
        JsonValueKind.String => content.GetString()!,
        JsonValueKind.Array => string.Join('\n', content.EnumerateArray().Select(part => part.Text("text")).Where(text => text.Length > 0)),
        _ => "",
    };
}
