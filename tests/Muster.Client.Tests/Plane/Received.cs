using System.Text.Json;

namespace Muster.Client.Tests.Plane;

/// <summary>A request as the plane received it.</summary>
public sealed record Received(string Method, string Path, string Query, string? Key, string? Lease, string? Authorization, string Body)
{
    public T As<T>() => JsonSerializer.Deserialize<T>(Body, Contracts.Wire.Json)!;
}

/// <summary>What a test does to a request instead of, or around, the plane's own answer.</summary>
public enum Fault
{
    None,

    /// <summary>The connection is cut before anything is done.</summary>
    CutBefore,

    /// <summary>All is done, then the connection is cut without an answer.</summary>
    CutAfter,
}
