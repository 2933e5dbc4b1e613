using System.Diagnostics;
using System.Text.Json;
using Muster.Bench.Measure;
using Muster.Bench.Servers;
using Muster.Bench.Wire;

namespace Muster.Bench.Load;

/// <summary>Agents that claim and complete over HTTP, each on a connection of its own, as fast as they are answered.</summary>
internal sealed class Agents(Plane plane, int count)
{
    private readonly string _claimBody = """{"agent":"bench-#","max":%}""";

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
                var claim = Request.Post("/api/claims", plane.Token, _claimBody.Replace("#", $"{n}", StringComparison.Ordinal).Replace("%", $"{perRequest}", StringComparison.Ordinal));
                while (Interlocked.Add(ref left, -perRequest) >= 0 && !(limit <= Stopwatch.GetElapsedTime(started)))
                {
                    var held = Held.Read((await SendAsync(claim)).Require(200).Body.Span);
                    if (held.Count != perRequest) throw new InvalidDataException($"{held.Count} of {perRequest} tasks were given out; there are too few.");
                    foreach (var (assignment, lease) in held)
                        (await SendAsync(Request.Post($"/api/assignments/{assignment}/complete", plane.Token, "{}", lease))).Require(200);
                    Interlocked.Add(ref done, held.Count);
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
