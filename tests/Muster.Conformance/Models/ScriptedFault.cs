namespace Muster.Conformance.Models;

/// <summary>What goes wrong with one request.</summary>
public sealed record ScriptedFault
{
    /// <summary>Answers with this status in place of the model's answer.</summary>
    public int? Status { get; init; }
    public string Message { get; init; } = "";

    /// <summary>The provider's own code for it; null for the usual one of the status.</summary>
    public string? Code { get; init; }
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>A body in place of the protocol's own error.</summary>
    public string? Body { get; init; }

    /// <summary>Cuts the connection after so many bytes of the answer's body; 0 after the headers.</summary>
    public long? CutAfter { get; init; }

    /// <summary>Cuts the connection before anything is answered.</summary>
    public bool Abort { get; init; }

    /// <summary>Never answers; ends with the caller, or the server.</summary>
    public bool Hang { get; init; }

    /// <summary>An answer that is not the JSON it should be.</summary>
    public bool WrongJson { get; init; }

    /// <summary>Awaited before each event of a stream (or before the whole answer), with its index: to slow it down, or to hold it.</summary>
    public Func<int, CancellationToken, Task>? Before { get; init; }

    public static ScriptedFault RateLimited(string retryAfter = "1", params (string Name, string Value)[] headers) => new()
    {
        Status = 429,
        Message = "Rate limit reached.",
        Headers = headers.Append(("retry-after", retryAfter)).ToDictionary(pair => pair.Item1, pair => pair.Item2, StringComparer.OrdinalIgnoreCase),
    };

    public static ScriptedFault Quota { get; } = new() { Status = 429, Message = "You exceeded your current quota, please check your plan and billing details.", Code = "insufficient_quota" };

    public static ScriptedFault Overloaded { get; } = new() { Status = 529, Message = "Overloaded", Code = "overloaded_error" };

    public static ScriptedFault Unavailable { get; } = new() { Status = 503, Message = "The server is overloaded or not ready yet." };

    public static ScriptedFault Unauthorized { get; } = new() { Status = 401, Message = "Incorrect API key provided.", Code = "invalid_api_key" };

    public static ScriptedFault Refused(string message = "The request is not valid.") => new() { Status = 400, Message = message };

    public static ScriptedFault Cut(long bytes) => new() { CutAfter = bytes };

    public static ScriptedFault Aborted { get; } = new() { Abort = true };

    public static ScriptedFault Silence { get; } = new() { Hang = true };

    public static ScriptedFault Garbage { get; } = new() { WrongJson = true };

    public static ScriptedFault Slow(TimeSpan each) => new() { Before = (_, ct) => Task.Delay(each, ct) };

    /// <summary>Stops before the event <paramref name="index"/> until the task is done.</summary>
    public static ScriptedFault HoldAt(int index, Task until) => new() { Before = (at, ct) => at == index ? until.WaitAsync(ct) : Task.CompletedTask };
}
