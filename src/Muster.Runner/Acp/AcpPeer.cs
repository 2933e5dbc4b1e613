using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Muster.Runner.Processes;
using Muster.Runner.Profiles.Output;

namespace Muster.Runner.Acp;

/// <summary>What the other side asks of us, or tells us. Called one at a time, in order; what it does must be quick.</summary>
internal interface IAcpHandler
{
    /// <exception cref="AcpException">Refused; the message goes to the program.</exception>
    JsonNode? Answer(string method, JsonElement parameters);

    void Hear(string method, JsonElement parameters);
}

/// <summary>The program broke the protocol, or refused what we asked. The message is fit for a task's reason.</summary>
internal sealed class AcpException(string message, int code = AcpException.InvalidParams) : Exception(message)
{
    public const int MethodNotFound = -32601;
    public const int InvalidParams = -32602;

    public int Code { get; } = code;
}

/// <summary>JSON-RPC, a message a line, with a program that may be broken or hostile: lines, output and noise are bounded, and it waits for nobody for ever.</summary>
internal sealed class AcpPeer : IAsyncDisposable
{
    private const int LongestLine = 8 * 1024 * 1024;
    private const long MostCharacters = 512L * 1024 * 1024;
    private const int MostNoise = 200;

    // A program that does not read its answers must not make us keep them all.
    private const int MostUnsent = 1_000;

    private readonly IAcpHandler _handler;
    private readonly Action<string> _say;
    private readonly ProcessGroup _process;
    private readonly Channel<string> _out = Channel.CreateBounded<string>(new BoundedChannelOptions(MostUnsent) { SingleReader = true });
    private readonly Dictionary<long, TaskCompletionSource<JsonElement>> _pending = [];
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _writer;
    private AcpException? _broken;
    private long _characters;
    private int _noise;
    private long _number;

    /// <param name="spec">The program; its output is read here.</param>
    /// <param name="handler">Answers it.</param>
    /// <param name="say">Gets what it writes that is no message.</param>
    /// <exception cref="ProgramNotFoundException">It is not there.</exception>
    public AcpPeer(ProcessSpec spec, IAcpHandler handler, Action<string> say)
    {
        _handler = handler;
        _say = say;
        var started = new ManualResetEventSlim();
        // Its first line may come before we know what to call it by.
        _process = ProcessGroup.Start(spec with
        {
            KeepStdinOpen = true,
            MaxLineLength = LongestLine,
            OnErrorLine = say,
            OnLine = line =>
            {
                started.Wait();
                Read(line);
            },
        });
        started.Set();
        _writer = WriteAsync();
        _ = EndAsync();
    }

    /// <summary>Asks, and waits for the answer.</summary>
    /// <exception cref="AcpException">Refused, or the program is gone or beyond bearing.</exception>
    public async Task<JsonElement> AskAsync(string method, object parameters, TimeSpan? limit, TimeProvider time, CancellationToken cancellation)
    {
        var answer = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
        long id;
        lock (_gate)
        {
            if (_broken is not null) throw _broken;
            id = ++_number;
            _pending[id] = answer;
        }

        Send(new { jsonrpc = "2.0", id, method, @params = parameters });
        try
        {
            return await (limit is { } most ? answer.Task.WaitAsync(most, time, cancellation) : answer.Task.WaitAsync(cancellation));
        }
        catch (TimeoutException)
        {
            throw new AcpException($"It did not answer '{method}' within {limit!.Value.TotalSeconds:0} s.");
        }
        finally
        {
            lock (_gate) _pending.Remove(id);
        }
    }

    public void Tell(string method, object parameters) => Send(new { jsonrpc = "2.0", method, @params = parameters });

    /// <summary>Lets it end by itself for so long, then ends it.</summary>
    public async Task<ProcessExit> CloseAsync(TimeSpan grace)
    {
        _out.Writer.TryComplete();
        await Task.WhenAny(_writer, Task.Delay(grace));
        _process.CloseStdin();
        await Task.WhenAny(_process.Exit, Task.Delay(grace));
        _process.Kill();
        return await _process.Exit;
    }

    public async ValueTask DisposeAsync()
    {
        _out.Writer.TryComplete();
        await _process.DisposeAsync();
        await _writer;
    }

    private void Read(string line)
    {
        if (line.Trim().Length == 0 || _over.Task.IsCompleted) return;
        _characters += line.Length;
        if (_characters > MostCharacters)
        {
            Break($"It wrote more than {MostCharacters / 1024 / 1024} MB.");
            return;
        }

        using var json = Json.Parse(line);
        if (json is null)
        {
            Noise(line);
            return;
        }

        var message = json.RootElement;
        var method = message.Text("method");
        var hasId = message.TryGetProperty("id", out var id) && id.ValueKind is JsonValueKind.Number or JsonValueKind.String;
        if (method.Length > 0 && hasId) Answer(id, method, message.At("params"));
        else if (method.Length > 0) Hear(method, message.At("params"));
        else if (hasId) Complete(id, message);
        else Noise(line);
    }

    private void Answer(JsonElement id, string method, JsonElement parameters)
    {
        try
        {
            Send(new { jsonrpc = "2.0", id = id.Clone(), result = _handler.Answer(method, parameters) });
        }
        catch (AcpException refused)
        {
            Send(new { jsonrpc = "2.0", id = id.Clone(), error = new { code = refused.Code, message = refused.Message } });
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Send(new { jsonrpc = "2.0", id = id.Clone(), error = new { code = AcpException.InvalidParams, message = error.Message } });
        }
    }

    private void Hear(string method, JsonElement parameters) => _handler.Hear(method, parameters);

    private void Complete(JsonElement id, JsonElement message)
    {
        TaskCompletionSource<JsonElement>? asked = null;
        lock (_gate)
        {
            if (id.ValueKind == JsonValueKind.Number && id.TryGetInt64(out var number)) _pending.Remove(number, out asked);
        }

        if (asked is null) Noise("an answer to nothing that was asked");
        else if (message.At("error").ValueKind == JsonValueKind.Object) asked.TrySetException(new AcpException($"{message.Text("error", "message")} {Details(message.At("error", "data"))}".TrimEnd()));
        else asked.TrySetResult(message.At("result").ValueKind == JsonValueKind.Undefined ? default : message.At("result").Clone());
    }

    private static string Details(JsonElement data) => data.ValueKind switch
    {
        JsonValueKind.String => data.GetString()!,
        JsonValueKind.Object => data.Text("details") is { Length: > 0 } details ? details : data.Text("message"),
        _ => "",
    };

    private void Noise(string line)
    {
        _say(line);
        if (++_noise > MostNoise) Break($"It wrote more than {MostNoise} lines that are no messages of the protocol.");
    }

    private void Send(object message)
    {
        if (!_out.Writer.TryWrite(JsonSerializer.Serialize(message)) && !_over.Task.IsCompleted) Break("It does not read what it asked for.");
    }

    private void Break(string why)
    {
        _over.TrySetResult();
        List<TaskCompletionSource<JsonElement>> waiting;
        lock (_gate)
        {
            _broken ??= new AcpException(why);
            waiting = [.. _pending.Values];
        }

        foreach (var asked in waiting) asked.TrySetException(_broken);
        _out.Writer.TryComplete();
        _process.Kill();
    }

    private async Task WriteAsync()
    {
        await foreach (var line in _out.Reader.ReadAllAsync())
        {
            if (!await _process.WriteLineAsync(line, CancellationToken.None)) break;
        }
    }

    private async Task EndAsync()
    {
        var exit = await _process.Exit;
        Break($"It {exit} before it had answered.");
    }
}
