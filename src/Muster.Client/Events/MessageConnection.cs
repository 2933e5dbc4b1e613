using System.Runtime.CompilerServices;
using System.Text.Json;
using Muster.Client.Http;
using Muster.Contracts;
using Muster.Contracts.Events;

namespace Muster.Client.Events;

/// <summary>Listens to a subject of the bus.</summary>
internal sealed class MessageConnection(Sender sender, MusterClientOptions options)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(5);

    public async IAsyncEnumerable<MessageInfo> FollowAsync(
        string subject, Action? onListening, CallOptions? call, [EnumeratorCancellation] CancellationToken ct)
    {
        var failures = 0;
        while (true)
        {
            TimeSpan? asked = null;
            await using (var messages = ReadAsync(subject, Listening, call, ct).GetAsyncEnumerator(ct))
            {
                while (true)
                {
                    try
                    {
                        if (!await messages.MoveNextAsync())
                            break;
                    }
                    catch (MusterException e) when (e.IsTransient)
                    {
                        asked = e.RetryAfter;
                        Tell(e);
                        break;
                    }
                    catch (PlaneUnreachableException e)
                    {
                        Tell(e);
                        break;
                    }
                    yield return messages.Current;
                }
            }
            await Task.Delay(Backoff.Delay(failures++, FirstDelay, MaxDelay, asked), options.TimeProvider, ct);
        }

        void Listening()
        {
            failures = 0;
            onListening?.Invoke();
        }
    }

    public async IAsyncEnumerable<MessageInfo> ReadAsync(
        string subject, Action? onListening, CallOptions? call, [EnumeratorCancellation] CancellationToken ct)
    {
        var path = new Query(Routes.BusStream).Add("subject", subject).ToString();
        using var response = await sender.OpenAsync(path, "text/event-stream", request => Prepare(request, call), ct);
        using var silence = new CancellationTokenSource(options.StreamSilence, options.TimeProvider);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(ct, silence.Token);
        await using var stream = await response.Content.ReadAsStreamAsync(linked.Token);
        await using var pieces = SseReader
            .ReadAsync(stream, () => silence.CancelAfter(options.StreamSilence), linked.Token)
            .GetAsyncEnumerator(CancellationToken.None);
        while (await NextAsync(pieces, ct))
        {
            if (pieces.Current is { Type: "listening" })
            {
                onListening?.Invoke();
                continue;
            }
            if (pieces.Current.Data is not { } data)
                continue;
            if (pieces.Current.Type == "slow")
                throw TooSlow(data);
            // The reader may take its time with a message; only the wire's silence counts.
            silence.CancelAfter(Timeout.InfiniteTimeSpan);
            yield return JsonSerializer.Deserialize<MessageInfo>(data, Wire.Json)
                ?? throw new PlaneUnreachableException(options.Server, "the stream holds what is no message.");
            silence.CancelAfter(options.StreamSilence);
        }
    }

    private static void Prepare(HttpRequestMessage request, CallOptions? call)
    {
        if (call?.Lease is { } lease)
            request.Headers.TryAddWithoutValidation(Wire.LeaseHeader, lease);
    }

    private async Task<bool> NextAsync(IAsyncEnumerator<SseMessage> pieces, CancellationToken ct)
    {
        try
        {
            return await pieces.MoveNextAsync();
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            throw new PlaneUnreachableException(options.Server, $"the stream was silent for {options.StreamSilence.TotalSeconds:0.#} s.", e);
        }
        catch (Exception e) when (e is IOException or HttpRequestException && !ct.IsCancellationRequested)
        {
            throw new PlaneUnreachableException(options.Server, "the stream was cut.", e);
        }
    }

    private static MusterException TooSlow(string why) => new(new Problem
    {
        Title = "Too slow",
        Status = 503,
        Code = ProblemCodes.TooSlow,
        Detail = JsonSerializer.Deserialize<string>(why, Wire.Json),
    });

    private void Tell(Exception e) => options.OnNotice?.Invoke($"{e.Message} It will listen again; messages of the meantime are lost.");
}
