using Muster.ControlPlane.Models.Protocols;

namespace Muster.ControlPlane.Models.Recording;

/// <summary>An answer said again in as few pieces as it can be. Pure.</summary>
internal static class Condensed
{
    /// <summary>What it says: its beginning, thoughts, words, calls, tokens, end.</summary>
    public static IReadOnlyList<AnswerEvent> Of(IReadOnlyList<AnswerEvent> said)
    {
        var whole = WholeAnswer.Of(said);
        List<AnswerEvent> events = [new AnswerBegun(whole.Id, whole.Model)];
        if (whole.Thought.Length > 0) events.Add(new ThoughtPiece(whole.Thought));
        if (whole.Text.Length > 0) events.Add(new TextPiece(whole.Text));
        events.AddRange(whole.Calls.SelectMany((c, i) => (AnswerEvent[])[new CallBegun(i, c.Id, c.Name), new CallArguments(i, c.Arguments), new CallEnded(i)]));
        events.AddRange(said.Where(e => e is UsageSeen or AnswerStopped or AnswerEnded));
        return events;
    }

    /// <summary>The bytes of each event, streamed.</summary>
    public static IEnumerable<(AnswerEvent Event, byte[] Bytes)> Stream(IDialect dialect, IReadOnlyList<AnswerEvent> events)
    {
        var writer = dialect.NewWriter(Model(events), Asked(events));
        return events.Select(e => (e, writer.Write(e)));
    }

    /// <summary>The same, not streamed.</summary>
    public static byte[] Whole(IDialect dialect, IReadOnlyList<AnswerEvent> events) => WireJson.Bytes(dialect.WriteWhole(WholeAnswer.Of(events), Asked(events)));

    private static string Model(IReadOnlyList<AnswerEvent> events) => events.OfType<AnswerBegun>().FirstOrDefault()?.Model ?? "";

    // With its tokens told: whoever did not ask for them does not get to see them.
    private static NeutralRequest Asked(IReadOnlyList<AnswerEvent> events) => new() { Model = Model(events), Turns = [], Stream = true, StreamUsage = true };
}
