using System.Text;
using Muster.Contracts.Work;

namespace Muster.Client.Work;

/// <summary>
/// Collects an attempt's log and sends it in pieces. A piece is kept unchanged until it is acknowledged, so that sending it again at its
/// offset is harmless; what cannot be kept is left out and counted, never torn.
/// </summary>
internal sealed class LogBuffer(Func<AppendLog, CancellationToken, Task<LogText>> send, int maxCharacters)
{
    private const int MaxPiece = 16 * 1024;
    private const int MaxWaiting = 512 * 1024;
    private readonly Lock _lock = new();
    private readonly StringBuilder _waiting = new();
    private Task _sending = Task.CompletedTask;
    private string? _piece;
    private long _offset;
    private long _taken;
    private long _leftOut;
    private bool _full;

    /// <summary>Whether enough waits to be worth a call.</summary>
    public bool IsDue
    {
        get
        {
            lock (_lock)
                return _waiting.Length >= MaxPiece;
        }
    }

    /// <summary>Takes text; never waits for the plane.</summary>
    public void Add(string text)
    {
        lock (_lock)
        {
            if (_full)
                return;
            if (_taken + text.Length > maxCharacters)
            {
                _full = true;
                text = $"\n[the log's limit of {maxCharacters} characters is reached; the rest is left out]\n";
            }
            else if (_waiting.Length + text.Length > MaxWaiting)
            {
                _leftOut += text.Length;
                return;
            }
            else if (_leftOut > 0)
            {
                _waiting.Append($"\n[{_leftOut} characters left out while the plane was away]\n");
                _leftOut = 0;
            }
            _taken += text.Length;
            _waiting.Append(text);
        }
    }

    /// <summary>Sends all that waits; one call after the other, in the order of the text.</summary>
    public async Task FlushAsync(CancellationToken ct)
    {
        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task before;
        lock (_lock)
            (before, _sending) = (_sending, mine.Task);
        // Not cut short by the token: the one before has its own, and a piece must not be sent by two.
        await before;
        try
        {
            while (NextPiece() is { } piece)
            {
                var answer = await send(new AppendLog { Offset = _offset, Text = piece }, ct);
                // The plane's count is the one that the next offset must match.
                _offset = answer.Next;
                _piece = null;
                if (answer.Truncated)
                    Close();
            }
        }
        finally
        {
            mine.SetResult();
        }
    }

    /// <summary>Takes no more: the plane keeps no more.</summary>
    private void Close()
    {
        lock (_lock)
        {
            _full = true;
            _waiting.Clear();
        }
    }

    private string? NextPiece()
    {
        if (_piece is not null)
            return _piece;
        lock (_lock)
        {
            if (_waiting.Length == 0)
                return null;
            var length = Math.Min(MaxPiece, _waiting.Length);
            if (length < _waiting.Length && char.IsHighSurrogate(_waiting[length - 1]))
                length--;
            _piece = _waiting.ToString(0, length);
            _waiting.Remove(0, length);
            return _piece;
        }
    }
}
