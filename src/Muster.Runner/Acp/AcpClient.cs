using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Muster.Runner.Builtin.Tools;
using Muster.Runner.Profiles.Output;

namespace Muster.Runner.Acp;

/// <summary>Our side of one session: turns what the program tells into log and progress, and gives it permissions for the attempt's folder. Files it reads and writes itself: it runs in the sandbox, and we do not.</summary>
internal sealed class AcpClient(AttemptFolder folder, ProgramReport report) : IAcpHandler
{
    private const int LongestMessage = 200_000;
    private const int LongestPending = 2_000;

    private readonly StringBuilder _message = new();
    private readonly StringBuilder _unsaid = new();

    // A tool is told of when it begins and when more is known of it; it is said once.
    private readonly HashSet<string> _said = new(StringComparer.Ordinal);
    private string _kind = "";

    /// <summary>The last message of the turn.</summary>
    public string Message => _message.ToString().Trim();

    public JsonNode? Answer(string method, JsonElement parameters) => method switch
    {
        "session/request_permission" => Permit(parameters),
        _ => throw new AcpException($"This client does not offer '{method}'; use the tools of your own.", AcpException.MethodNotFound),
    };

    public void Hear(string method, JsonElement parameters)
    {
        if (method != "session/update") return;
        var update = parameters.At("update");
        var kind = update.Text("sessionUpdate");
        if (kind != _kind) Flush();
        _kind = kind;
        switch (kind)
        {
            case "agent_message_chunk":
                Chunk(update.Text("content", "text"));
                break;
            case "tool_call" or "tool_call_update":
                Tool(update);
                break;
            case "plan":
                Json.Points(report, update.Items("entries"));
                break;
        }
    }

    /// <summary>Says what is left of a message that has not come to its line's end.</summary>
    public void Flush()
    {
        if (_unsaid.Length > 0) report.Say(_unsaid.ToString());
        _unsaid.Clear();
    }

    private void Chunk(string text)
    {
        if (_message.Length < LongestMessage) _message.Append(text);
        _unsaid.Append(text);
        if (text.Contains('\n', StringComparison.Ordinal) || _unsaid.Length > LongestPending) Flush();
    }

    private void Tool(JsonElement update)
    {
        var id = update.Text("toolCallId");
        var status = update.Text("status");
        // Its input is often not known before it runs.
        if (status is not ("" or "pending") && _said.Count < 100_000 && _said.Add(id))
        {
            _message.Clear();
            report.Tool(update.Text("kind") is { Length: > 0 } kind ? kind : "tool", update.Text("title") is { Length: > 0 } title ? title : Json.Use(update.At("rawInput")));
        }

        if (status is not ("completed" or "failed")) return;
        if (status == "failed") report.Say("failed", "  ");
        foreach (var content in update.Items("content"))
        {
            if (content.Text("type") == "diff") report.Say($"changed {content.Text("path")}", "  ");
            else if (content.Text("content", "text") is { Length: > 0 } text) report.Say(text, "  ");
        }
    }

    private JsonObject Permit(JsonElement parameters)
    {
        var decision = AcpPermissions.Decide(folder, parameters);
        var title = parameters.Text("toolCall", "title");
        if (decision.Why is not null) report.Say($"was not allowed: {title}: {decision.Why}");
        return new JsonObject
        {
            ["outcome"] = decision.Option is { } option
                ? new JsonObject { ["outcome"] = "selected", ["optionId"] = option }
                : new JsonObject { ["outcome"] = "cancelled" },
        };
    }
}
