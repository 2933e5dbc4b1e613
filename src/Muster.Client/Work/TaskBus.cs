using System.Text.Json;
using Muster.Contracts;
using Muster.Contracts.Events;

namespace Muster.Client;

/// <summary>
/// Messages among the agents of a task's project: subjects here are without <c>agents.KEY.</c>, which is put before them. At most once,
/// kept nowhere; a message is data and carries no authority.
/// </summary>
public sealed class TaskBus
{
    private readonly MusterClient _muster;
    private readonly CallOptions _call;
    private readonly string _prefix;

    internal TaskBus(MusterClient muster, string taskKey, CallOptions call)
    {
        (_muster, _call) = (muster, call);
        _prefix = $"agents.{taskKey[..taskKey.LastIndexOf('-')]}.";
    }

    /// <summary>Says something to whoever listens now.</summary>
    public Task<PublishedMessage> PublishAsync<T>(string subject, T data, CancellationToken ct = default) =>
        _muster.PublishMessageAsync(new PublishMessage { Subject = _prefix + subject, Data = ToJson(data) }, _call, ct);

    /// <summary>Asks whoever listens and waits for the first answer; 5 seconds unless told otherwise.</summary>
    public Task<MessageInfo> RequestAsync<T>(string subject, T data, TimeSpan? patience = null, CancellationToken ct = default) =>
        _muster.RequestMessageAsync(new RequestMessage { Subject = _prefix + subject, Data = ToJson(data), TimeoutSeconds = patience?.TotalSeconds }, _call, ct);

    /// <summary>Answers a message that awaits an answer; does nothing for one that does not.</summary>
    public async Task ReplyAsync<T>(MessageInfo question, T data, CancellationToken ct = default)
    {
        if (question.ReplyTo is { } inbox)
            await _muster.PublishMessageAsync(new PublishMessage { Subject = inbox, Data = ToJson(data) }, _call, ct);
    }

    /// <summary>Listens until the task ends; again after each cut, without what was published meanwhile.</summary>
    public IAsyncEnumerable<MessageInfo> ListenAsync(string subject, Action? onListening = null, CancellationToken ct = default) =>
        _muster.FollowMessagesAsync(_prefix + subject, onListening, _call, ct);

    private static JsonElement ToJson<T>(T data) => JsonSerializer.SerializeToElement(data, Wire.Json);
}
