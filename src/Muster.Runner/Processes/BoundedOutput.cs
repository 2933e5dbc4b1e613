using System.Text;

namespace Muster.Runner.Processes;

/// <summary>Keeps the beginning and the end of a program's output, which is where its reasons stand, within a limit.</summary>
/// <param name="limit">Characters kept in all, half for each end.</param>
public sealed class BoundedOutput(int limit = 2 * 1024 * 1024)
{
    private readonly Lock _gate = new();
    private readonly StringBuilder _head = new();
    private readonly Queue<string> _tail = new();
    private int _tailLength;
    private long _leftOut;

    public void Add(string line)
    {
        lock (_gate)
        {
            if (_tail.Count == 0 && _head.Length + line.Length < limit / 2)
            {
                _head.Append(line).Append('\n');
                return;
            }

            _tail.Enqueue(line);
            _tailLength += line.Length + 1;
            while (_tailLength > limit / 2 && _tail.Count > 1)
            {
                _tailLength -= _tail.Peek().Length + 1;
                _leftOut += _tail.Dequeue().Length + 1;
            }
        }
    }

    /// <summary>The last lines, for a reason that fits a sentence.</summary>
    public string LastLines(int count, int maxCharacters = 600)
    {
        var lines = ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var text = string.Join('\n', lines.TakeLast(count));
        return text.Length <= maxCharacters ? text : "..." + text[^maxCharacters..];
    }

    public override string ToString()
    {
        lock (_gate)
        {
            var text = new StringBuilder().Append(_head);
            if (_leftOut > 0) text.Append($"... ({_leftOut} characters left out: the output is over its limit) ...\n");
            foreach (var line in _tail) text.Append(line).Append('\n');
            return text.ToString();
        }
    }
}
