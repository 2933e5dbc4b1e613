namespace Muster.Client;

/// <summary>Where the plane is and how patiently to talk with it.</summary>
public sealed record MusterClientOptions
{
    /// <summary>Where a plane listens unless told otherwise.</summary>
    public static Uri DefaultServer { get; } = new("http://127.0.0.1:7717");

    /// <summary>Address of the plane; a path in it is kept as prefix.</summary>
    public Uri Server { get; init; } = DefaultServer;

    /// <summary>Secret that starts with <c>mst_</c>; null sends none.</summary>
    public string? Token { get; init; }

    /// <summary>Longest one try of a call may take. A long poll gets its waiting time on top.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Tries after the first one when the plane cannot be reached or answers 429, 502, 503 or 504.</summary>
    public int MaxRetries { get; init; } = 4;

    /// <summary>Largest answer that is read into memory, in bytes; does not bound artifact content, which is streamed.</summary>
    public long MaxAnswerBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Silence after which an event stream counts as dead and is opened anew. The plane sends a comment at least every 15 s.</summary>
    public TimeSpan StreamSilence { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>Source of every wait and time-out.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Carries the requests; null makes one. An own one is not disposed with the client.</summary>
    public HttpMessageHandler? Handler { get; init; }

    /// <summary>Told, in a sentence, what the client mends by itself, such as a stream that is opened anew.</summary>
    public Action<string>? OnNotice { get; init; }
}

/// <summary>What one call may add to the client's settings.</summary>
public sealed record CallOptions
{
    /// <summary>Lease token on whose behalf an agent writes; sent as <c>Muster-Lease</c>.</summary>
    public string? Lease { get; init; }

    /// <summary>Key under which the plane remembers its answer; a new one is made when null.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>Replaces <see cref="MusterClientOptions.Timeout"/>.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Replaces <see cref="MusterClientOptions.MaxRetries"/>.</summary>
    public int? MaxRetries { get; init; }

    /// <summary>For a call on behalf of an assignment.</summary>
    public static CallOptions ForLease(string lease) => new() { Lease = lease };
}
