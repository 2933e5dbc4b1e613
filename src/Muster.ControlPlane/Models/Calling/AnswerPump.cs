using System.Buffers;
using Muster.ControlPlane.Models.Protocols;

namespace Muster.ControlPlane.Models.Calling;

/// <summary>The clock of one streamed answer.</summary>
internal sealed record PumpTimes(CancellationTokenSource Clock, ProviderTimes Times, TimeProvider Time, long Started)
{
    // Servers close when they have said all; one that does not is not waited for.
    private static readonly TimeSpan AfterEnd = TimeSpan.FromMilliseconds(250);

    public void Expect(AnswerTally tally)
    {
        if (tally.HasEnded)
        {
            Clock.CancelAfter(AfterEnd);
            return;
        }

        var wait = Times.Between;
        if (!tally.HasContent && Times.FirstToken - Time.GetElapsedTime(Started) is var left && left < wait) wait = left;
        Clock.CancelAfter(wait > TimeSpan.Zero ? wait : TimeSpan.Zero);
    }
}

/// <summary>
/// Carries a streamed answer: as it is where both speak the same protocol, written anew where not. Only whole events go on, so
/// that a stream that breaks never leaves half of one; nothing goes on before the first content, so that until then another
/// provider can still be asked.
/// </summary>
internal sealed class AnswerPump(ModelProtocol protocol, IAnswerWriter? writer, bool hideUsage)
{
    private const int LargestPrelude = 1024 * 1024;

    private readonly IDialect _dialect = Dialects.Of(protocol);
    private readonly ArrayBufferWriter<byte> _held = new();
    private readonly List<StreamEvent> _events = [];
    private readonly List<AnswerEvent> _said = [];

    public async Task RunAsync(Stream stream, AnswerTally tally, Func<ReadOnlyMemory<byte>, Task> deliver, PumpTimes times, CancellationToken ct)
    {
        var incoming = new EventStream();
        var reader = _dialect.NewReader();
        var buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
        try
        {
            while (await ReadAsync(stream, buffer, tally, ct) is > 0 and var read)
            {
                incoming.Feed(buffer.AsSpan(0, read), _events);
                Take(reader, tally);
                if (tally.Failure is not null) return;
                if (tally.HasContent || tally.HasEnded) await FlushAsync(deliver);
                else if (_held.WrittenCount > LargestPrelude) throw new ProtocolException("The answer goes on and on without saying anything.");
                times.Expect(tally);
            }

            if (!tally.HasEnded && incoming.Rest() is { } rest) _events.Add(rest);
            Take(reader, tally);
            if (tally.Failure is not null) return;
            if (!tally.HasEnded) End(tally);
            await FlushAsync(deliver);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Reads a stream that is all there.</summary>
    public static IReadOnlyList<AnswerEvent> ReadAll(IDialect dialect, byte[] body)
    {
        var incoming = new EventStream();
        List<StreamEvent> events = [];
        List<AnswerEvent> said = [];
        incoming.Feed(body, events);
        if (incoming.Rest() is { } rest) events.Add(rest);
        var reader = dialect.NewReader();
        foreach (var happened in events) reader.Read(happened, said);
        if (said.Any(s => s is AnswerStopped) && !said.Any(s => s is AnswerEnded)) said.Add(new AnswerEnded());
        return said;
    }

    private void Take(IAnswerReader reader, AnswerTally tally)
    {
        foreach (var streamed in _events)
        {
            _said.Clear();
            reader.Read(streamed, _said);
            foreach (var happened in _said) tally.Add(happened);
            if (tally.Failure is not null) break;
            if (writer is not null) foreach (var happened in _said) _held.Write(writer.Write(happened));
            else if (!hideUsage || !IsUsageOnly()) _held.Write(streamed.Raw.Span);
        }

        _events.Clear();
    }

    // The last chunk of a chat, which we asked for: a caller that did not would stumble over its empty list of choices.
    private bool IsUsageOnly() => protocol == ModelProtocol.OpenAiChat && _said is [UsageSeen];

    // Some servers leave the last mark out; that the model said why it stopped is end enough.
    private void End(AnswerTally tally)
    {
        if (!tally.HasStopped) throw new ProtocolException("The stream ended before the answer did.");
        tally.Add(new AnswerEnded());
        if (writer is not null) _held.Write(writer.Write(new AnswerEnded()));
    }

    private async Task FlushAsync(Func<ReadOnlyMemory<byte>, Task> deliver)
    {
        if (_held.WrittenCount == 0) return;
        await deliver(_held.WrittenMemory);
        _held.ResetWrittenCount();
    }

    private static async Task<int> ReadAsync(Stream stream, byte[] buffer, AnswerTally tally, CancellationToken ct)
    {
        try
        {
            return await stream.ReadAsync(buffer, ct);
        }
        catch (Exception error) when (tally.HasEnded && error is IOException or HttpRequestException or OperationCanceledException)
        {
            // The answer is whole; how the connection ends changes nothing.
            return 0;
        }
    }
}
