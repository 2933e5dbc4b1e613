using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Operations.Metrics;

/// <summary>Sums up what the framework's meters and the store's tell: requests by route, method and status, and commits.</summary>
public sealed class MeterSums(IMeterFactory factory) : IHostedService, IDisposable
{
    private const string HostingMeter = "Microsoft.AspNetCore.Hosting";
    private const string RequestSeconds = "http.server.request.duration";
    private static readonly double[] SecondsBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];
    private static readonly double[] CountBounds = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

    private readonly ConcurrentDictionary<(string Route, string Method, string Status), Histogram> _requests = new();
    private readonly Histogram _commits = new(SecondsBounds);
    private readonly Histogram _operations = new(CountBounds);
    private MeterListener? _listener;
    private int _waiting;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _listener = new MeterListener { InstrumentPublished = Choose };
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
        {
            if (instrument.Name == StoreMeter.CommitSeconds) _commits.Add(value);
            else _requests.GetOrAdd(Labels(tags), static _ => new Histogram(SecondsBounds)).Add(value);
        });
        _listener.SetMeasurementEventCallback<int>((instrument, value, _, _) =>
        {
            if (instrument.Name == StoreMeter.CommitOperations) _operations.Add(value);
            else Volatile.Write(ref _waiting, value);
        });
        _listener.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _listener?.Dispose();
        return Task.CompletedTask;
    }

    public void Dispose() => _listener?.Dispose();

    internal void Write(PrometheusText text)
    {
        text.Family("muster_http_request_duration_seconds", "histogram", "Requests by route, and how long they took; streams and waits count until they end");
        foreach (var ((route, method, status), histogram) in _requests.OrderBy(r => r.Key)) histogram.Write(text, "muster_http_request_duration_seconds", ("route", route), ("method", method), ("status", status));
        text.Family("muster_store_commit_duration_seconds", "histogram", "Commits of the store, until they were on disk");
        _commits.Write(text, "muster_store_commit_duration_seconds");
        text.Family("muster_store_commit_operations", "histogram", "Operations that shared a commit");
        _operations.Write(text, "muster_store_commit_operations");
        text.Gauge("muster_store_waiting_operations", "Operations that waited for the next commit when the last one ended", Volatile.Read(ref _waiting));
    }

    private void Choose(Instrument instrument, MeterListener listener)
    {
        // Another plane in this process has a factory, and so a meter, of its own.
        var requests = instrument.Meter.Name == HostingMeter && instrument.Name == RequestSeconds && ReferenceEquals(instrument.Meter.Scope, factory);
        if (requests || instrument.Meter.Name == StoreMeter.Name) listener.EnableMeasurementEvents(instrument);
    }

    /// <summary>The route and not the path, which anybody could make up: so their number has a bound.</summary>
    private static (string Route, string Method, string Status) Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var (route, method, status) = ("", "", "");
        foreach (var (name, value) in tags)
        {
            if (name == "http.route") route = value as string ?? "";
            else if (name == "http.request.method") method = value as string ?? "";
            else if (name == "http.response.status_code") status = value is int code ? $"{code / 100}xx" : "";
        }

        return (route, method, status);
    }

    private sealed class Histogram(double[] bounds)
    {
        private readonly Lock _gate = new();
        private readonly long[] _counts = new long[bounds.Length + 1];
        private double _sum;

        public void Add(double value)
        {
            var place = Array.FindIndex(bounds, bound => value <= bound);
            lock (_gate)
            {
                _counts[place < 0 ? bounds.Length : place]++;
                _sum += value;
            }
        }

        public void Write(PrometheusText text, string name, params (string Name, string Value)[] labels)
        {
            long[] counts;
            double sum;
            lock (_gate) (counts, sum) = ([.. _counts], _sum);
            long below = 0;
            for (var i = 0; i < counts.Length; i++)
            {
                below += counts[i];
                text.Sample(name + "_bucket", below, [.. labels, ("le", i == bounds.Length ? "+Inf" : PrometheusText.Number(bounds[i]))]);
            }

            text.Sample(name + "_sum", sum, labels).Sample(name + "_count", below, labels);
        }
    }
}
