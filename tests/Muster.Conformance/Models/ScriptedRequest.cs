using System.Text.Json.Nodes;

namespace Muster.Conformance.Models;

public enum ScriptedProtocol
{
    Chat,
    Responses,
    Messages,
}

/// <summary>A question to the model, whatever protocol it came in.</summary>
public sealed record ScriptedRequest
{
    /// <summary>1, 2, 3 ... in the order of arrival.</summary>
    public required int Number { get; init; }
    public required ScriptedProtocol Protocol { get; init; }
    public required string Path { get; init; }

    /// <summary>Credentials masked; see <see cref="ScriptedJournal.Mask"/>.</summary>
    public required IReadOnlyDictionary<string, string> Headers { get; init; }

    /// <summary>The mask of the key that came, empty when none did.</summary>
    public required string Key { get; init; }
    public required string Model { get; init; }
    public required string System { get; init; }
    public required IReadOnlyList<ScriptedMessage> Messages { get; init; }
    public required IReadOnlyList<ScriptedTool> Tools { get; init; }
    public required bool Stream { get; init; }

    /// <summary>The request as it came.</summary>
    public required JsonObject Body { get; init; }

    /// <summary>Answers already given in this conversation: the conversation says so, so that another server can go on with it.</summary>
    public int Turn => Math.Max(Groups(), Messages.SelectMany(message => message.Calls).Select(call => ScriptedCall.TurnOf(call.Id) + 1).DefaultIfEmpty(0).Max());

    /// <summary>What the tools of the last turn answered.</summary>
    public IReadOnlyList<ScriptedMessage> ToolResults =>
        [.. Messages.Reverse().SkipWhile(message => message.Role == "user" && message.Text.Length == 0).TakeWhile(message => message.Role == "tool").Reverse()];

    /// <summary>Everything that was said, to look for markers in.</summary>
    public string Text => string.Join('\n', Messages.Select(message => message.Text).Prepend(System));

    public bool Offers(string tool) => Tools.Any(offered => offered.Name == tool);

    // A turn may come as several items (thinking, text, calls); what lies between two of them is somebody else's.
    private int Groups()
    {
        var groups = 0;
        var before = "";
        foreach (var message in Messages)
        {
            if (message.Role == "assistant" && before != "assistant") groups++;
            before = message.Role;
        }

        return groups;
    }
}

/// <summary><paramref name="Role"/> is <c>user</c>, <c>assistant</c> or <c>tool</c>; for a tool's answer <paramref name="CallId"/> names its call.</summary>
public sealed record ScriptedMessage(string Role, string Text, IReadOnlyList<ScriptedCall> Calls, string? CallId = null);

/// <param name="Name">As the request offers it.</param>
/// <param name="Schema">Of its arguments; null for a tool that takes plain text.</param>
public sealed record ScriptedTool(string Name, JsonNode? Schema);
