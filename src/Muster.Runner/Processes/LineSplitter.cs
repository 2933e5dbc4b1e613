using System.Text;

namespace Muster.Runner.Processes;

/// <summary>
/// Cuts a stream of text into lines of bounded length, without terminal control codes. Memory stays bounded whatever a
/// program writes: of an endless line only the first <paramref name="maxLength"/> characters are held.
/// </summary>
internal sealed class LineSplitter(int maxLength, Action<string> onLine)
{
    private enum Escape
    {
        None,
        Started,
        Control,
        Text,
    }

    private readonly StringBuilder _line = new();
    private long _left;
    private Escape _escape;

    public void Write(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (c == '\n') Emit();
            else if (!InEscape(c) && (c == '\t' || !char.IsControl(c))) Add(c);
        }
    }

    public void End()
    {
        if (_line.Length > 0) Emit();
    }

    private void Add(char c)
    {
        if (_line.Length < maxLength) _line.Append(c);
        else _left++;
    }

    // ESC [ ... letter, ESC ] ... BEL, and ESC with one more character: enough that no code reaches a person's terminal.
    private bool InEscape(char c)
    {
        var (next, inside) = _escape switch
        {
            Escape.None => (c == '\u001b' ? Escape.Started : Escape.None, c == '\u001b'),
            Escape.Started => (c switch { '[' => Escape.Control, ']' => Escape.Text, _ => Escape.None }, true),
            Escape.Control => (c is >= '@' and <= '~' ? Escape.None : Escape.Control, true),
            _ => (c switch { '\u0007' => Escape.None, '\u001b' => Escape.Started, _ => Escape.Text }, true),
        };
        _escape = next;
        return inside;
    }

    private void Emit()
    {
        if (_left > 0) _line.Append($" ... ({_left} more characters left out)");
        var line = _line.ToString();
        _line.Clear();
        _left = 0;
        _escape = Escape.None;
        onLine(line);
    }
}
