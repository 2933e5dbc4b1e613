using System.Text;
using Muster.ControlPlane.Models.Calling;
using Muster.ControlPlane.Models.Protocols;

namespace Muster.ControlPlane.Models.Recording;

/// <summary>
/// What a replay by turns needs of a plan's recordings, in one small file: the answers and their places. What was asked is left
/// out, and with it whatever was particular to the machine; each answer stands in at most two pieces, its first word and its end.
/// </summary>
public static class Excerpt
{
    /// <param name="recordings">Recordings of the attempts that handed in; those of others would be begun again in a replay.</param>
    /// <param name="file">Written anew.</param>
    /// <returns>How many answers it has.</returns>
    /// <exception cref="InvalidDataException">A recording is none; the message says where and why.</exception>
    public static int Write(IEnumerable<string> recordings, string file)
    {
        var calls = recordings.SelectMany(RecordedCall.Load).Where(call => call is { Place: not null, Turn: not null, Outcome: CallOutcome.Ok, Status: 200 })
            .OrderBy(call => call.Place!.Issue, StringComparer.Ordinal).ThenBy(call => call.Place!.Title, StringComparer.Ordinal).ThenBy(call => call.Place!.Round).ThenBy(call => call.Number)
            .Select((call, at) => call with { Number = at + 1, Request = null, Fingerprint = null, Pieces = Pieces(call) }).ToList();
        File.WriteAllText(file, string.Concat(calls.Select(call => call.ToLine())), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        return calls.Count;
    }

    private static List<RecordedPiece> Pieces(RecordedCall call)
    {
        var dialect = Dialects.Of(call.Protocol);
        if (call.ContentType != "text/event-stream") return [RecordedPiece.Of(call.Pieces[^1].AfterMs, call.Answer())];
        var events = Condensed.Stream(dialect, Condensed.Of(AnswerPump.ReadAll(dialect, call.Answer()))).ToList();
        return
        [
            .. Piece(call.Pieces[0].AfterMs, events.Where(e => IsEarly(e.Event))),
            .. Piece(call.Pieces[^1].AfterMs, events.Where(e => !IsEarly(e.Event))),
        ];
    }

    private static bool IsEarly(AnswerEvent said) => said is AnswerBegun or ThoughtPiece or TextPiece;

    private static IEnumerable<RecordedPiece> Piece(int afterMs, IEnumerable<(AnswerEvent Event, byte[] Bytes)> events)
    {
        byte[] bytes = [.. events.SelectMany(e => e.Bytes)];
        if (bytes.Length > 0) yield return RecordedPiece.Of(afterMs, bytes);
    }
}
