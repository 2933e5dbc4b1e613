using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Muster.Bench.Measure;
using Muster.Bench.Servers;
using Muster.Bench.Wire;

namespace Muster.Bench.Load;

/// <summary>Agents that claim and complete over HTTP, each on a connection of its own, as fast as they are answered.</summary>
/// <param name="plane">Where they work.</param>
/// <param name="count">How many.</param>
/// <param name="oneCall">Whether they hand in and claim the next in one call.</param>
internal sealed class Agents(Plane plane, int count, bool oneCall = false)
{
    private const int EmptyLimit = 200;

    /// <summary>Whether this plane takes "complete these and claim the next" in one call, as its own description says.</summary>
    public static async Task<bool> TakesOneCallAsync(Plane plane, CancellationToken ct)
    {
        using var connection = await plane.ConnectAsync(ct);
        var description = JsonSerializer.Deserialize<JsonElement>((await connection.SendAsync(Request.Get("/openapi/v1.json", plane.Token), ct)).Require(200).Body.Span);
        return description.GetProperty("components").GetProperty("schemas").GetProperty("ClaimRequest").GetProperty("properties").TryGetProperty("complete", out _);
    }

    public async Task RegisterAsync(CancellationToken ct)
    {
        using var connection = await plane.ConnectAsync(ct);
        for (var n = 0; n < count; n++)
            (await connection.SendAsync(Request.Post("/api/agents/heartbeat", plane.Token, $$"""{"agent":"bench-{{n}}","capacity":1000}"""), ct)).Require(200);
    }

    /// <summary>Runs so many tasks from claim to completion; gives the time it took and each request's milliseconds.</summary>
    /// <param name="perRequest">Tasks a claim.</param>
    /// <param name="tasks">How many at the most.</param>
    /// <param name="ct">Ends the run.</param>
    /// <param name="limit">How long at the most.</param>
    public async Task<Run> ClaimAndCompleteAsync(int perRequest, int tasks, CancellationToken ct, TimeSpan? limit = null)
    {
        var connections = await Task.WhenAll(Enumerable.Range(0, count).Select(_ => plane.ConnectAsync(ct)));
        try
        {
            int left = tasks, done = 0;
            var started = Stopwatch.GetTimestamp();
            var times = await Task.WhenAll(connections.Select((connection, n) => Task.Run(() => OneAsync(connection, n), ct)));
            return new Run(done, Stopwatch.GetElapsedTime(started), Latency.Of(times.SelectMany(t => t)));

            async Task<List<double>> OneAsync(Connection connection, int n)
            {
                var milliseconds = new List<double>();
                var claim = Request.Post("/api/claims", plane.Token, $$"""{"agent":"bench-{{n}}","max":{{perRequest}}}""");
                var body = new StringBuilder();
                var empty = 0;
                List<(string Assignment, string Lease)> before = [];
                while (Interlocked.Add(ref left, -perRequest) >= 0 && !(limit <= Stopwatch.GetElapsedTime(started)))
                {
                    var answer = (await SendAsync(oneCall ? Next(body, n, perRequest, before) : claim)).Require(200);
                    var held = Held.Read(answer.Body.Span);
                    // Fewer than asked for is no fault as long as work goes on; the rest is still to be done.
                    Interlocked.Add(ref left, perRequest - held.Count);
                    empty = held.Count == 0 ? empty + 1 : 0;
                    if (empty > EmptyLimit) throw new InvalidDataException($"{EmptyLimit} claims in a row were given nothing; there are too few tasks.");
                    if (oneCall)
                    {
                        RequireTaken(answer);
                        (before, held) = (held, before);
                    }
                    else
                    {
                        foreach (var (assignment, lease) in held)
                            (await SendAsync(Request.Post($"/api/assignments/{assignment}/complete", plane.Token, "{}", lease))).Require(200);
                    }

                    Interlocked.Add(ref done, held.Count);
                }

                // What is still held at the end is handed in, and nothing claimed for it.
                if (before.Count > 0)
                {
                    RequireTaken((await SendAsync(Next(body, n, 0, before))).Require(200));
                    Interlocked.Add(ref done, before.Count);
                }

                return milliseconds;

                async ValueTask<Answer> SendAsync(byte[] request)
                {
                    var sent = Stopwatch.GetTimestamp();
                    var answer = await connection.SendAsync(request, ct);
                    milliseconds.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
                    return answer;
                }
            }
        }
        finally
        {
            foreach (var connection in connections) connection.Dispose();
        }
    }

    private static void RequireTaken(Answer answer)
    {
        if (answer.Body.Span.IndexOf("\"refused\""u8) >= 0) throw new InvalidDataException($"A hand-in was refused: {Encoding.UTF8.GetString(answer.Body.Span)}");
    }

    /// <summary>Hands in what is held and claims the next.</summary>
    private byte[] Next(StringBuilder body, int n, int max, List<(string Assignment, string Lease)> held)
    {
        body.Clear().Append(CultureInfo.InvariantCulture, $$"""{"agent":"bench-{{n}}","max":{{max}},"complete":[""");
        foreach (var (assignment, lease) in held) body.Append(CultureInfo.InvariantCulture, $$"""{"assignmentId":"{{assignment}}","lease":"{{lease}}"},""");
        if (held.Count > 0) body.Length--;
        return Request.Post("/api/claims", plane.Token, body.Append("]}").ToString());
    }
}

/// <param name="Tasks">How many were done.</param>
/// <param name="Took">From the first request to the last answer.</param>
/// <param name="Requests">Milliseconds of single requests, where they were taken.</param>
internal sealed record Run(int Tasks, TimeSpan Took, Latency? Requests)
{
    public double Rate => Tasks / Took.TotalSeconds;
}

/// <summary>The assignments and leases in the answer to a claim.</summary>
internal static class Held
{
    public static List<(string Assignment, string Lease)> Read(ReadOnlySpan<byte> body)
    {
        var held = new List<(string, string)>();
        var json = new Utf8JsonReader(body);
        string? assignment = null;
        var inAssignment = false;
        while (json.Read())
        {
            if (json.TokenType != JsonTokenType.PropertyName) continue;
            if (json.CurrentDepth == 3 && json.ValueTextEquals("assignment"u8)) inAssignment = true;
            else if (json.CurrentDepth == 4 && inAssignment && json.ValueTextEquals("id"u8))
            {
                json.Read();
                assignment = json.GetString();
                inAssignment = false;
            }
            else if (json.CurrentDepth == 3 && json.ValueTextEquals("lease"u8))
            {
                json.Read();
                held.Add((assignment!, json.GetString()!));
            }
        }

        return held;
    }
}
