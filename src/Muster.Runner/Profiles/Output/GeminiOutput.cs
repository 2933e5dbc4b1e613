using System.Text;
using System.Text.Json;

namespace Muster.Runner.Profiles.Output;

/// <summary>Gemini CLI's <c>--output-format stream-json</c>: pieces of messages, uses of tools, one result.</summary>
internal sealed class GeminiOutput : IProgramOutput
{
    private const int Longest = 200_000;

    private readonly StringBuilder _message = new();

    public void Read(string line, ProgramReport report)
    {
        using var json = Json.Parse(line);
        if (json is null)
        {
            report.Say(line);
            return;
        }

        var root = json.RootElement;
        if (root.Text("type") == "message" && root.Text("role") == "assistant")
        {
            if (_message.Length < Longest) _message.Append(root.Text("content"));
            if (!root.True("delta")) End(report);
            return;
        }

        End(report);
        switch (root.Text("type"))
        {
            case "init":
                report.Say($"Gemini CLI, model {root.Text("model")}");
                break;
            case "tool_use":
                report.Tool(root.Text("tool_name"), Json.Use(root.At("parameters")));
                if (root.Text("tool_name") == "write_todos") Json.Points(report, root.Items("parameters", "todos"));
                break;
            case "tool_result":
                report.Say(root.Text("output"), "  ");
                break;
            case "error":
                report.Say($"{root.Text("severity")}: {root.Text("message")}");
                if (root.Text("severity") == "error") report.Fail(root.Text("message"));
                break;
            case "result":
                Result(root, report);
                break;
        }
    }

    private void End(ProgramReport report)
    {
        if (_message.Length == 0) return;
        report.Say(_message.ToString());
        report.Finish(_message.ToString());
        _message.Clear();
    }

    private static void Result(JsonElement root, ProgramReport report)
    {
        if (root.Text("status") == "error") report.Fail(root.Text("error", "message"));
        var stats = root.At("stats");
        var cached = stats.Number("cached");
        report.Count(new ProgramTokens(stats.Number("input_tokens") - cached, stats.Number("output_tokens"), cached));
    }
}
