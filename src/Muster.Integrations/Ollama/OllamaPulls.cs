using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Muster.ControlPlane.Models.Calling;
using Muster.Integrations.ModelServers;

namespace Muster.Integrations.Ollama;

/// <summary>
/// Fetches models that are asked for and not there. Nobody waits for one: the leg is down, with how far it is, until it has
/// come. One at a time, and not for ever.
/// </summary>
internal sealed class OllamaPulls(ProviderSettings settings) : IDisposable
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(5);
    private readonly bool _allowed = settings.Flag("pull", otherwise: true);
    private readonly TimeSpan _longest = TimeSpan.FromMinutes(int.TryParse(settings.Setting("pullMinutes"), out var minutes) ? minutes : 60);
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly ConcurrentDictionary<string, Lazy<Pull>> _pulls = new(StringComparer.Ordinal);
    private volatile IReadOnlyList<string> _there = [];

    public async Task<ProviderFault?> PrepareAsync(ModelServer server, string model, Func<CancellationToken, Task<IReadOnlyList<string>?>> list, CancellationToken ct)
    {
        if (IsThere(model)) return null;
        try
        {
            _there = await list(ct) ?? [];
        }
        catch (ProviderException error)
        {
            return new ProviderFault(FaultClass.Unreachable, error.Message);
        }

        if (IsThere(model)) return null;
        if (!_allowed) return new ProviderFault(FaultClass.Broken, $"{settings.Name} does not have {model}: run `ollama pull {model}` there.", TimeSpan.FromMinutes(1));
        var pull = _pulls.GetOrAdd(model, name => new Lazy<Pull>(() => Start(server, name))).Value;
        if (pull.Work.IsCompleted) _pulls.TryRemove(model, out _);
        return pull.Fault is { } fault
            ? new ProviderFault(FaultClass.Broken, $"{settings.Name} could not fetch {model}: {fault}", TimeSpan.FromMinutes(5))
            : new ProviderFault(FaultClass.Overloaded, $"{settings.Name} is fetching {model}: {pull.Progress}.", AskAgain);
    }

    public void Forget() => _there = [];

    public void Dispose()
    {
        _stop.Cancel();
        // Whoever still pulls sees the stop; its end is nobody's to wait for.
        _stop.Dispose();
    }

    private Pull Start(ModelServer server, string model)
    {
        var pull = new Pull();
        pull.Work = Task.Run(() => RunAsync(server, model, pull, _stop.Token));
        return pull;
    }

    private async Task RunAsync(ModelServer server, string model, Pull pull, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(_longest);
        try
        {
            await _one.WaitAsync(limit.Token);
            try
            {
                await FetchAsync(server, model, pull, limit.Token);
            }
            finally
            {
                _one.Release();
            }
        }
        catch (OperationCanceledException)
        {
            pull.Fault = $"it was not there after {_longest.TotalMinutes:0} minutes.";
        }
        catch (Exception error) when (error is HttpRequestException or IOException or JsonException)
        {
            pull.Fault = error.Message;
        }
    }

    // One JSON object a line, as it goes on; the last says success.
    private static async Task FetchAsync(ModelServer server, string model, Pull pull, CancellationToken ct)
    {
        using var request = server.Post("api/pull", new JsonObject { ["model"] = model, ["stream"] = true });
        using var response = await server.SendAsync(request, ct);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(ct));
        string? last = null;
        while (await reader.ReadLineAsync(ct) is { } line)
        {
            if (line.Length is 0 or > 65_536) continue;
            using var step = JsonDocument.Parse(line);
            if (step.RootElement.TryGetProperty("error", out var error))
            {
                pull.Fault = error.ToString();
                return;
            }

            last = step.RootElement.TryGetProperty("status", out var status) ? status.ToString() : last;
            pull.Progress = Share(step.RootElement) is { } percent ? $"{percent} %" : last ?? pull.Progress;
        }

        if (last != "success") pull.Fault = response.IsSuccessStatusCode ? "the fetch ended before the model was there." : $"it answered {(int)response.StatusCode}.";
    }

    private static int? Share(JsonElement step) =>
        step.TryGetProperty("total", out var total) && total.TryGetInt64(out var all) && all > 0 && step.TryGetProperty("completed", out var completed) && completed.TryGetInt64(out var done)
            ? (int)Math.Clamp(done * 100 / all, 0, 100)
            : null;

    // Ollama leaves ":latest" out where people write none.
    private bool IsThere(string model) => _there.Contains(model, StringComparer.Ordinal) || (!model.Contains(':', StringComparison.Ordinal) && _there.Contains(model + ":latest", StringComparer.Ordinal));

    private sealed class Pull
    {
        public Task Work { get; set; } = Task.CompletedTask;
        public volatile string Progress = "waiting";
        public volatile string? Fault;
    }
}
