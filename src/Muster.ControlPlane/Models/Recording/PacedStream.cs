namespace Muster.ControlPlane.Models.Recording;

/// <summary>A recorded answer that takes the time that it took then.</summary>
internal sealed class PacedStream(IReadOnlyList<RecordedPiece> pieces, TimeProvider time) : Stream
{
    private readonly long _began = time.GetTimestamp();
    private ReadOnlyMemory<byte> _left;
    private int _next;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_left.IsEmpty)
        {
            if (_next == pieces.Count) return 0;
            var piece = pieces[_next];
            var wait = TimeSpan.FromMilliseconds(piece.AfterMs) - time.GetElapsedTime(_began);
            if (wait > TimeSpan.Zero) await Task.Delay(wait, time, cancellationToken);
            (_left, _next) = (piece.Bytes(), _next + 1);
        }

        var read = Math.Min(buffer.Length, _left.Length);
        _left[..read].CopyTo(buffer);
        _left = _left[read..];
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("It is read asynchronously.");

    public override void Flush()
    {
        // Nothing is written.
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
