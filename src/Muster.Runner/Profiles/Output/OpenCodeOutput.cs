using System.Text.Json;

namespace Muster.Runner.Profiles.Output;

/// <summary>OpenCode's <c>run --format json</c>: the parts of its messages as they are done.</summary>
internal sealed class OpenCodeOutput : IProgramOutput
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
        var part = root.At("part");
        switch (root.Text("type"))
        {
            case "text":
                report.Say(part.Text("text"));
                report.Finish(part.Text("text"));
                break;
            case "tool_use":
                Tool(part, report);
                break;
            case "step_finish":
                var tokens = part.At("tokens");
                report.Count(new ProgramTokens(tokens.Number("input") + tokens.Number("cache", "write"), tokens.Number("output") + tokens.Number("reasoning"), tokens.Number("cache", "read")), add: true);
                break;
            case "error":
                var error = root.At("error");
                var text = error.Text("data", "message") is { Length: > 0 } message ? message : error.Text("name");
                report.Say($"error: {text}");
                report.Fail(text);
                break;
        }
    }

    private static void Tool(JsonElement part, ProgramReport report)
    {
        var state = part.At("state");
        report.Tool(part.Text("tool"), Json.Use(state.At("input")));
        report.Say(state.Text(state.Text("status") == "error" ? "error" : "output"), "  ");
        if (part.Text("tool") == "todowrite") Json.Points(report, state.Items("input", "todos"));
    }
}
