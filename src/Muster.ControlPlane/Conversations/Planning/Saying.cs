using System.Text;
using System.Text.Json;
using Muster.Contracts;
using Muster.ControlPlane.Events.Bus;

namespace Muster.ControlPlane.Conversations.Planning;

/// <summary>
/// Lets whoever watches a goal read what a model is about to say, while it is being made up: the <c>say</c> of an answer, as far as it
/// has come. Only words are shown so, and no plan: that is checked first. Nothing of it is kept.
/// </summary>
internal sealed class Saying(MessageBus bus, string goal)
{
    /// <summary>Of what there is to say, at most so much; the prompt asks for three short sentences.</summary>
    private const int Most = 2000;

    /// <summary>Letters that come before they are told: many pieces are one message.</summary>
    private const int Step = 12;

    private readonly StringBuilder _text = new();
    private int _told;

    /// <summary>Subject of the words about one goal.</summary>
    public static string Subject(string goal) => $"{Subjects.Goals}.{goal}.words";

    public void Hear(string piece)
    {
        if (_text.Length > Most * 2) return;
        _text.Append(piece);
        var said = SoFar(_text.ToString());
        if (said.Length < _told + Step) return;
        _told = said.Length;
        bus.Publish(new BusMessage(Subject(goal), JsonSerializer.SerializeToUtf8Bytes(new { goal, text = Wording.Lines(said, Most) }, Wire.Json)));
    }

    /// <summary>The text of <c>say</c> in the beginning of an answer, without an escape that has not come whole. Pure.</summary>
    internal static string SoFar(string json)
    {
        var at = json.IndexOf("\"say\"", StringComparison.Ordinal);
        if (at < 0 || (at = json.IndexOf('"', at + 5)) < 0) return "";
        var said = new StringBuilder();
        for (var i = at + 1; i < json.Length && json[i] != '"'; i++)
        {
            if (json[i] != '\\')
            {
                said.Append(json[i]);
                continue;
            }

            var length = i + 1 < json.Length && json[i + 1] == 'u' ? 6 : 2;
            if (i + length > json.Length) break;
            said.Append(Unescape(json.AsSpan(i, length)));
            i += length - 1;
        }

        // Half of a letter of two is no letter yet.
        return said.Length > 0 && char.IsHighSurrogate(said[^1]) ? said.ToString(0, said.Length - 1) : said.ToString();
    }

    private static char Unescape(ReadOnlySpan<char> escape) => escape[1] switch
    {
        'n' => '\n',
        't' => '\t',
        'r' or 'b' or 'f' => ' ',
        'u' => ushort.TryParse(escape[2..], System.Globalization.NumberStyles.HexNumber, null, out var code) ? (char)code : '\uFFFD',
        var letter => letter,
    };
}
