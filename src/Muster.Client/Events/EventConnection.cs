using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Muster.Client.Http;
using Muster.Contracts;
using Muster.Contracts.Events;

namespace Muster.Client.Events;

/// <summary>One connection to the plane's event stream.</summary>
internal sealed class EventConnection(Sender sender, MusterClientOptions options)
{
    /// <param name="after">Sequence number to go on behind; null starts now.</param>
    /// <param name="filter">Which events.</param>
    /// <param name="onSeen">Told each sequence number that the stream names, with or without an event.</param>
    /// <param name="ct">Ends the reading.</param>
    public async IAsyncEnumerable<EventInfo> ReadAsync(
        long? after, EventFilter? filter, Action<long> onSeen, [EnumeratorCancellation] CancellationToken ct)
    {
        var path = EventFilter.AddTo(new Query(Routes.EventStream), after, filter).ToString();
        using var response = await sender.OpenAsync(path, "text/event-stream", request => NameLast(request, after), ct);
        using var silence = new CancellationTokenSource(options.StreamSilence, options.TimeProvider);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(ct, silence.Token);
        await using var stream = await response.Content.ReadAsStreamAsync(linked.Token);
        await using var messages = SseReader
            .ReadAsync(stream, () => silence.CancelAfter(options.StreamSilence), linked.Token)
            .GetAsyncEnumerator(CancellationToken.None);
        while (await NextAsync(messages, ct))
        {
            var message = messages.Current;
            if (long.TryParse(message.Id, NumberStyles.None, CultureInfo.InvariantCulture, out var seq))
                onSeen(seq);
            if (message.Data is not { } data)
                continue;
            // The reader may take its time with an event; only the wire's silence counts.
            silence.CancelAfter(Timeout.InfiniteTimeSpan);
            yield return Parse(data);
            silence.CancelAfter(options.StreamSilence);
        }
    }

    private async Task<bool> NextAsync(IAsyncEnumerator<SseMessage> messages, CancellationToken ct)
    {
        try
        {
            return await messages.MoveNextAsync();
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            throw new PlaneUnreachableException(options.Server, $"the event stream was silent for {options.StreamSilence.TotalSeconds:0.#} s.", e);
        }
        catch (Exception e) when (e is IOException or HttpRequestException && !ct.IsCancellationRequested)
        {
            throw new PlaneUnreachableException(options.Server, "the event stream was cut.", e);
        }
    }

    private static void NameLast(HttpRequestMessage request, long? after)
    {
        if (after is { } seq)
            request.Headers.TryAddWithoutValidation("Last-Event-ID", seq.ToString());
    }

    private static EventInfo Parse(string data)
    {
        try
        {
            if (JsonSerializer.Deserialize<EventInfo>(data, Wire.Json) is { } value)
                return value;
        }
        catch (JsonException e)
        {
            throw Unusable(e);
        }
        throw Unusable(null);
    }

    private static MusterException Unusable(Exception? inner) => new(
        new Problem
        {
            Title = "Unusable event",
            Status = 200,
            Detail = "The stream holds what is not an event. Is the address that of a Muster plane of this version?",
            Code = ProblemCodes.Internal,
        },
        inner);
}
