using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Muster.ControlPlane.Events.Bus;

namespace Muster.Integrations.Nats;

/// <summary>Questions to JetStream, and the receipts it gives for what it has kept. Answers come to one inbox of our own.</summary>
internal sealed class JetStreamApi : IDisposable
{
    public const string Events = "MUSTER_EVENTS";
    private const int NotFound = 404;
    private const int NoResponders = 503;

    // What is wrong in particular; a stream that only cannot be had now has the same code. See server/errors.json of nats-server.
    private const int NotEnabledForAccount = 10039;
    private const int NotEnabled = 10076;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, TaskCompletionSource<NatsMessage>> _waiting = new(StringComparer.Ordinal);
    private readonly string _inbox = $"{Subjects.Inbox}.{Guid.NewGuid():N}";
    private readonly NatsClient _client;
    private readonly NatsClient.Subscription _subscription;
    private long _last;

    public JetStreamApi(NatsClient client)
    {
        _client = client;
        _subscription = client.Subscribe($"{_inbox}.*", message =>
        {
            if (_waiting.TryRemove(message.Subject, out var waiting)) waiting.TrySetResult(message);
        });
    }

    /// <summary>The state of the stream of events, which is made when it is not there; null where there is no JetStream.</summary>
    public async Task<StreamState?> OpenStreamAsync(CancellationToken ct)
    {
        var answer = await AskAsync($"$JS.API.STREAM.INFO.{Events}", "{}", ct);
        if (answer is { Error.Code: NotFound })
        {
            var stream = new { name = Events, subjects = new[] { Subjects.Events + ".>" }, storage = "file", retention = "limits", discard = "old", max_bytes = 4L << 30, duplicate_window = 120_000_000_000L };
            answer = await AskAsync($"$JS.API.STREAM.CREATE.{Events}", JsonSerializer.Serialize(stream), ct);
        }

        if (answer is null or { Error.Kind: NotEnabledForAccount or NotEnabled }) return null;
        return answer.State ?? throw new EventCopyLostException($"JetStream refuses the stream {Events}: {answer.Error?.Description}");
    }

    /// <summary>Number and id of the event that stands at a place of the stream; null when nothing stands there any more.</summary>
    public async Task<(long Seq, string Id)?> EventAtAsync(long place, CancellationToken ct)
    {
        var answer = await AskAsync($"$JS.API.STREAM.MSG.GET.{Events}", $$"""{"seq":{{place}}}""", ct);
        if (answer is null or { Error: { Code: not NotFound } }) throw new EventCopyLostException($"JetStream cannot say what it has: {answer?.Error?.Description ?? "it is not there"}.");
        if (answer.Message?.Headers is not { } headers) return null;
        return NatsHeaders.Find(headers, NatsEventCopy.SeqHeader) is { } seq && long.TryParse(seq, out var number) && NatsHeaders.Find(headers, NatsEventCopy.IdHeader) is { } id ? (number, id) : null;
    }

    /// <summary>Publishes something that JetStream is to keep; done with its receipt.</summary>
    /// <exception cref="EventCopyLostException">It cannot be sent, or no receipt came.</exception>
    public async Task<Receipt> KeepAsync(string subject, byte[] headers, ReadOnlyMemory<byte> payload, CancellationToken ct)
    {
        var answer = await SendAsync(subject, headers, payload, ct);
        return JsonSerializer.Deserialize<Receipt>(answer.Payload) ?? throw new EventCopyLostException("JetStream's receipt is empty.");
    }

    public void Dispose() => _client.Unsubscribe(_subscription);

    private async Task<Answer?> AskAsync(string subject, string body, CancellationToken ct)
    {
        var message = await SendAsync(subject, [], Encoding.UTF8.GetBytes(body), ct);
        return message.Status == NoResponders ? null : JsonSerializer.Deserialize<Answer>(message.Payload);
    }

    private async Task<NatsMessage> SendAsync(string subject, byte[] headers, ReadOnlyMemory<byte> payload, CancellationToken ct)
    {
        var inbox = $"{_inbox}.{Interlocked.Increment(ref _last)}";
        var waiting = _waiting[inbox] = new TaskCompletionSource<NatsMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            if (!_client.TryPublish(subject, inbox, headers, payload)) throw new EventCopyLostException("NATS takes nothing now.");
            return await waiting.Task.WaitAsync(Patience, ct);
        }
        catch (TimeoutException)
        {
            throw new EventCopyLostException("JetStream did not answer.");
        }
        finally
        {
            _waiting.TryRemove(inbox, out _);
        }
    }

    internal sealed record StreamState
    {
        [JsonPropertyName("messages")] public long Messages { get; init; }
        [JsonPropertyName("first_seq")] public long First { get; init; }
        [JsonPropertyName("last_seq")] public long Last { get; init; }
    }

    internal sealed record Fault
    {
        [JsonPropertyName("code")] public int Code { get; init; }
        [JsonPropertyName("err_code")] public int Kind { get; init; }
        [JsonPropertyName("description")] public string Description { get; init; } = "";
    }

    internal sealed record Receipt
    {
        [JsonPropertyName("seq")] public long Place { get; init; }
        [JsonPropertyName("duplicate")] public bool Duplicate { get; init; }
        [JsonPropertyName("error")] public Fault? Error { get; init; }
    }

    private sealed record StoredMessage
    {
        [JsonPropertyName("hdrs")] public byte[]? Headers { get; init; }
    }

    private sealed record Answer
    {
        [JsonPropertyName("state")] public StreamState? State { get; init; }
        [JsonPropertyName("message")] public StoredMessage? Message { get; init; }
        [JsonPropertyName("error")] public Fault? Error { get; init; }
    }
}
