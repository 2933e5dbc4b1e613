using System.Text.Json;

namespace Muster.Runner.Profiles.Output;

/// <summary>Codex's <c>exec --json</c>: items that begin and end within turns.</summary>
internal sealed class CodexOutput : IProgramOutput
{
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
            case "item.started" or "item.updated" or "item.completed":
                Item(root.At("item"), root.Text("type") == "item.completed", root.Text("type") == "item.started", report);
                break;
            case "turn.completed":
                var usage = root.At("usage");
                var cached = usage.Number("cached_input_tokens");
                report.Count(new ProgramTokens(usage.Number("input_tokens") - cached, usage.Number("output_tokens"), cached));
                break;
            case "turn.failed":
                report.Fail(root.Text("error", "message"));
                break;
            case "error":
                report.Say($"error: {root.Text("message")}");
                report.Fail(root.Text("message"));
                break;
        }
    }

    private static void Item(JsonElement item, bool ended, bool started, ProgramReport report)
    {
        switch (item.Text("type"))
        {
            case "agent_message" when ended:
                report.Say(item.Text("text"));
                report.Finish(item.Text("text"));
                break;
            case "reasoning" when ended:
                report.Say(item.Text("text"), "  ");
                break;
            case "command_execution" when started:
                report.Tool("shell", item.Text("command"));
                break;
            case "command_execution" when ended:
                report.Say(item.Text("aggregated_output"), "  ");
                if (item.Number("exit_code") != 0) report.Say($"exit code {item.Number("exit_code")}", "  ");
                break;
            case "file_change" when ended:
                foreach (var change in item.Items("changes")) report.Tool(change.Text("kind"), change.Text("path"));
                break;
            case "mcp_tool_call" when started:
                report.Tool($"{item.Text("server")}.{item.Text("tool")}", Json.Use(item.At("arguments")));
                break;
            case "web_search" when ended:
                report.Tool("web_search", item.Text("query"));
                break;
            case "todo_list":
                Json.Points(report, item.Items("items"));
                break;
            case "error":
                report.Say(item.Text("message"));
                break;
        }
    }
}
