using System.Diagnostics;
using Muster.Bench.Measure;
using Muster.Bench.Wire;

namespace Muster.Bench.Load;

/// <summary>The same request over many connections, as fast as it is answered.</summary>
internal static class Requests
{
    /// <param name="address">The server.</param>
    /// <param name="requests">One connection for each of these, which it repeats.</param>
    /// <param name="total">Requests in all.</param>
    /// <param name="ct">Ends the run.</param>
    /// <param name="status">What each must be answered with.</param>
    public static async Task<Run> RepeatAsync(Uri address, IReadOnlyList<byte[]> requests, int total, CancellationToken ct, int status = 200)
    {
        var connections = await Task.WhenAll(requests.Select(_ => Connection.OpenAsync(address, ct)));
        try
        {
            var left = total;
            var started = Stopwatch.GetTimestamp();
            var times = await Task.WhenAll(connections.Select((connection, n) => Task.Run(async () =>
            {
                var milliseconds = new List<double>(total / connections.Length * 2);
                while (Interlocked.Decrement(ref left) >= 0)
                {
                    var sent = Stopwatch.GetTimestamp();
                    (await connection.SendAsync(requests[n], ct)).Require(status);
                    milliseconds.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
                }

                return milliseconds;
            }, ct)));
            return new Run(total, Stopwatch.GetElapsedTime(started), Latency.Of(times.SelectMany(t => t)));
        }
        finally
        {
            foreach (var connection in connections) connection.Dispose();
        }
    }
}
