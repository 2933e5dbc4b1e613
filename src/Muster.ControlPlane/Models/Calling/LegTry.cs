using System.Text.Json;
using Muster.ControlPlane.Models.Protocols;

namespace Muster.ControlPlane.Models.Calling;

/// <summary>What one try of one leg came to.</summary>
/// <param name="Outcome">For the ledger.</param>
/// <param name="Fault">Why it failed; null when it did not, or it was the caller who went.</param>
/// <param name="Refusal">The provider's own answer to a request that it refuses.</param>
/// <param name="Ours">It was not even sent: this leg's provider cannot be given such a request.</param>
internal sealed record LegResult(LegOutcome Outcome, ProviderFault? Fault = null, ProviderRefusal? Refusal = null, bool Ours = false);

/// <param name="Status">HTTP status.</param>
/// <param name="Body">Its bytes, in the protocol that the provider was asked in.</param>
/// <param name="Protocol">That protocol.</param>
internal sealed record ProviderRefusal(int Status, byte[] Body, ModelProtocol Protocol);

/// <summary>One try of one leg: asks, and carries the answer as it comes.</summary>
internal sealed class LegTry(ModelCall call, ModelLeg leg, IModelProvider provider, CarriedAnswer answer, TimeProvider time)
{
    private const int LargestError = 64 * 1024;
    private const int LargestAnswer = 64 * 1024 * 1024;

    private readonly long _started = time.GetTimestamp();
    private readonly AnswerTally _tally = new();
    private readonly IDialect _theirs = Dialects.Of(call.Protocol);
    private readonly ModelProtocol _protocol = provider.Protocols.Contains(call.Protocol) ? call.Protocol : provider.Protocols[0];
    private TimeSpan? _firstToken;
    private bool _taken;
    private bool _accepted;

    /// <summary>The models of the same provider that come next in the route.</summary>
    public IReadOnlyList<string> NextModels { get; init; } = [];

    public async Task<LegResult> RunAsync(CancellationToken ct)
    {
        HttpRequestMessage request;
        bool stream;
        NeutralRequest? neutral = null;
        try
        {
            stream = _theirs.Look(call.Body).Stream;
            if (_protocol != call.Protocol) neutral = _theirs.Read(WireJson.Element(call.Body)) with { Model = leg.Model };
            if (neutral is not null) neutral = neutral with { MaxTokens = Math.Min(neutral.MaxTokens ?? call.MaxTokens, call.MaxTokens) };
            request = provider.Make(new ProviderCall(_protocol, neutral is null ? _theirs.Prepare(call.Body, leg.Model, call.MaxTokens) : Dialects.Of(_protocol).Write(neutral))
            {
                Model = leg.Model,
                NextModels = NextModels,
                Headers = neutral is null ? call.Headers : new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase),
                Translated = neutral is not null,
                AssignmentId = call.AssignmentId,
                Place = call.Place,
            });
        }
        catch (ProtocolException wrong)
        {
            return Failed(new ProviderFault(FaultClass.Refused, wrong.Message)) with { Ours = true };
        }

        using (request)
        {
            // The clock runs on the provider's times until the answer is over; each byte sets it again.
            using var clock = new CancellationTokenSource(stream ? provider.Times.FirstByte : provider.Times.Whole, time);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct, clock.Token);
            try
            {
                // Sent and not refused: whoever goes away now, the provider may be at work on it. One that cuts the line before it says a word is taken for dead.
                _taken = !provider.Replays;
                using var response = await provider.SendAsync(request, limit.Token);
                (_taken, _accepted) = (_taken && response.IsSuccessStatusCode, response.IsSuccessStatusCode);
                if (!response.IsSuccessStatusCode) return await RefusedAsync(response, limit.Token);
                return await CarryAsync(response, stream, neutral, clock, limit.Token, ct);
            }
            catch (CallerGoneException)
            {
                return Cancelled();
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return Cancelled();
            }
            catch (OperationCanceledException)
            {
                return await BrokenAsync(new ProviderFault(FaultClass.Timeout, $"{provider.Name} sent nothing for too long."), ct);
            }
            catch (ProtocolException wrong)
            {
                return await BrokenAsync(new ProviderFault(FaultClass.Broken, wrong.Message), ct);
            }
            catch (HttpRequestException error) when (!answer.HasBegun && error.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError)
            {
                _taken = false;
                return Failed(new ProviderFault(FaultClass.Unreachable, $"{provider.Name} cannot be reached: {error.Message}"));
            }
            catch (Exception error) when (error is HttpRequestException or IOException)
            {
                _taken &= _accepted;
                return await BrokenAsync(new ProviderFault(FaultClass.Broken, $"The connection to {provider.Name} broke: {error.Message}"), ct);
            }
        }
    }

    private async Task<LegResult> CarryAsync(HttpResponseMessage response, bool stream, NeutralRequest? neutral, CancellationTokenSource clock, CancellationToken limited, CancellationToken ct)
    {
        var streamed = response.Content.Headers.ContentType?.MediaType == "text/event-stream";
        await using var bytes = await response.Content.ReadAsStreamAsync(limited);
        if (streamed && stream)
        {
            var pump = new AnswerPump(_protocol, neutral is null ? null : _theirs.NewWriter(leg.Model, neutral), !WantsUsage());
            await pump.RunAsync(bytes, _tally, DeliverAsync, new PumpTimes(clock, provider.Times, time, _started), limited);
        }
        else
        {
            await WholeAsync(bytes, streamed, stream, neutral, limited, ct);
        }

        if (_tally.Failure is { } failure) return await BrokenAsync(provider.Classify(new FaultFacts(failure.Status, null, failure.Type, failure.Message, time.GetUtcNow())), ct);
        return new LegResult(Outcome("ok", whole: true));

        async Task DeliverAsync(ReadOnlyMemory<byte> piece)
        {
            if (!answer.HasBegun) await answer.BeginAsync(200, "text/event-stream", Headers(), ct);
            _firstToken ??= time.GetElapsedTime(_started);
            await answer.WriteAsync(piece, ct);
        }
    }

    private async Task WholeAsync(Stream bytes, bool streamed, bool stream, NeutralRequest? neutral, CancellationToken limited, CancellationToken ct)
    {
        var body = await ReadAsync(bytes, LargestAnswer, limited) ?? throw new ProtocolException($"The answer has more than {LargestAnswer} bytes.");
        var dialect = Dialects.Of(_protocol);
        var events = streamed ? AnswerPump.ReadAll(dialect, body) : dialect.ReadWhole(WireJson.Parse(body));
        foreach (var happened in events) _tally.Add(happened);
        if (_tally.Failure is not null) return;
        if (!_tally.HasEnded && !_tally.HasStopped) throw new ProtocolException("The answer has no end.");
        _firstToken = time.GetElapsedTime(_started);
        if (!stream && !streamed && neutral is null)
        {
            await answer.BeginAsync(200, "application/json", Headers(), ct);
            await answer.WriteAsync(body, ct);
            return;
        }

        var asked = neutral ?? _theirs.Read(WireJson.Element(call.Body));
        if (stream)
        {
            await answer.BeginAsync(200, "text/event-stream", Headers(), ct);
            var writer = _theirs.NewWriter(leg.Model, asked);
            foreach (var happened in events) await answer.WriteAsync(writer.Write(happened), ct);
            return;
        }

        await answer.BeginAsync(200, "application/json", Headers(), ct);
        await answer.WriteAsync(WireJson.Bytes(_theirs.WriteWhole(WholeAnswer.Of(events), asked)), ct);
    }

    private async Task<LegResult> RefusedAsync(HttpResponseMessage response, CancellationToken ct)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(ct);
        var body = await ReadAsync(stream, LargestError, ct) ?? [];
        var status = (int)response.StatusCode;
        var (type, message) = Said(body, status);
        var fault = provider.Classify(new FaultFacts(status, response.Headers, type, message, time.GetUtcNow()));
        return Failed(fault) with { Refusal = fault.Class == FaultClass.Refused ? new ProviderRefusal(status, body, _protocol) : null };
    }

    // After part of it was delivered there is no other leg: the caller hears, in its protocol, that it is not whole.
    private async Task<LegResult> BrokenAsync(ProviderFault fault, CancellationToken ct)
    {
        if (!answer.HasBegun) return Failed(fault);
        try
        {
            await answer.WriteAsync(_theirs.StreamError($"The answer was cut: {fault.Message} What came before is not the whole answer."), ct);
        }
        catch (CallerGoneException)
        {
            return Cancelled();
        }

        return new LegResult(Outcome(FaultClass.Cut, whole: false), fault);
    }

    private LegResult Failed(ProviderFault fault) => new(Outcome(fault.Class, whole: false), fault);

    private LegResult Cancelled() => new(Outcome(FaultClass.Cancelled, whole: false));

    private LegOutcome Outcome(string outcome, bool whole)
    {
        var (tokens, counted) = _tally.Tokens(() => TokenEstimate.Of(call.Body), whole, _taken);
        return new LegOutcome
        {
            Leg = leg,
            Outcome = outcome,
            Served = _tally.Served,
            Tokens = tokens,
            Counted = counted,
            Replayed = provider.Replays,
            // Paid when it was recorded, if at all.
            CostUsd = provider.Replays ? 0 : _tally.CostUsd,
            LatencyMs = (int)time.GetElapsedTime(_started).TotalMilliseconds,
            FirstTokenMs = (int?)_firstToken?.TotalMilliseconds,
        };
    }

    private Dictionary<string, string> Headers() => new(StringComparer.OrdinalIgnoreCase) { ["Muster-Model"] = leg.ToString() };

    private bool WantsUsage() => _protocol != ModelProtocol.OpenAiChat || (call.Body["stream_options"] is System.Text.Json.Nodes.JsonObject options && options.IsTrue("include_usage"));

    private static (string? Type, string Message) Said(byte[] body, int status)
    {
        try
        {
            var json = WireJson.Parse(body);
            var error = json.Get("error");
            var message = error.Text("message") ?? error.AsText() ?? json.Text("message");
            if (message is not null) return (error.Text("code") ?? error.Text("type"), message);
        }
        catch (ProtocolException)
        {
            // What stands before the provider, a proxy for one, answers in its own way; the status says enough.
            return (null, $"answered with status {status} and no JSON.");
        }

        return (null, $"answered with status {status}.");
    }

    // Null when there is more than the limit.
    private static async Task<byte[]?> ReadAsync(Stream stream, int limit, CancellationToken ct)
    {
        using var all = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await stream.ReadAsync(buffer, ct)) > 0)
        {
            if (all.Length + read > limit) return null;
            all.Write(buffer, 0, read);
        }

        return all.ToArray();
    }
}
