using System.Text;
using Muster.Client.Events;

namespace Muster.Client.Tests.Events;

public sealed class SseReaderTests
{
    private const string Stream = ": hello\r\nid: 1\r\nevent: a\r\ndata: über\r\ndata:two\r\n\r\n:\n\nid: 2\n\ndata\n\rdata: x\r\rid: 3\ndata: cut";

    [Fact]
    public async Task A_stream_reads_the_same_wherever_its_bytes_are_cut()
    {
        var bytes = Encoding.UTF8.GetBytes(Stream);
        for (var size = 1; size <= bytes.Length; size++)
        {
            var messages = new List<SseMessage>();
            await foreach (var message in SseReader.ReadAsync(new Drip(bytes, size), () => { }, CancellationToken.None))
                messages.Add(message);

            SseMessage[] expected = [new("1", "a", "über\ntwo"), new("2", null, null), new(null, null, ""), new(null, null, "x")];
            Assert.Equal(expected, messages);
        }
    }

    [Fact]
    public async Task A_line_without_end_is_refused()
    {
        using var endless = new Drip(new byte[6 * 1024 * 1024], 64 * 1024);

        await Assert.ThrowsAsync<InvalidDataException>(async () =>
        {
            await foreach (var _ in SseReader.ReadAsync(endless, () => { }, CancellationToken.None))
                Assert.Fail("There is no message in it.");
        });
    }

    /// <summary>Gives so many bytes a read.</summary>
    private sealed class Drip(byte[] bytes, int size) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(size, buffer.Length)], cancellationToken);
    }
}
