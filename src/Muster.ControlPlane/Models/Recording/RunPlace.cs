using System.Text.Json.Nodes;
using Muster.ControlPlane.Models.Calling;
using Muster.ControlPlane.Models.Protocols;

namespace Muster.ControlPlane.Models.Recording;

/// <summary>Where in the life of a task a model is asked: the same in every run of a plan, however often an agent was lost on the way.</summary>
/// <param name="Issue">The task's number in its plan; null where it has none.</param>
/// <param name="Title">The task's.</param>
/// <param name="Round">How often its work was handed in before, and sent back.</param>
public sealed record RunPlace(string? Issue, string Title, int Round)
{
    /// <summary>How often the model has answered in a conversation; null where it cannot be read.</summary>
    internal static int? TurnOf(ModelProtocol protocol, JsonObject body)
    {
        try
        {
            return Dialects.Of(protocol).Read(WireJson.Element(body)).Turns.Count(turn => turn.Role == TurnRole.Assistant);
        }
        catch (ProtocolException)
        {
            // What only its own protocol can say has a place, and no turn.
            return null;
        }
    }

    public bool IsOfTask(RunPlace other) => Issue is null || other.Issue is null ? Title == other.Title : Issue == other.Issue;

    public override string ToString() => Issue is null ? $"\"{Title}\"" : $"{Issue} \"{Title}\"";
}
