using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Muster.Contracts;
using Muster.ControlPlane.Tests.Backups;

namespace Muster.ControlPlane.Tests.Operations;

public sealed partial class MetricsTests
{
    [Fact]
    [Trait("req", "B11")]
    public async Task Figures_are_those_of_the_store_in_a_format_that_prometheus_reads()
    {
        await using var plane = await StoreCheckTests.UsedAsync();
        var samples = await ReadAsync(plane);
        Assert.Equal(1, samples["muster_tasks{status=\"in_progress\"}"]);
        Assert.Equal(1, samples["muster_tasks{status=\"done\"}"]);
        Assert.Equal(1, samples["muster_tasks{status=\"failed\"}"]);
        Assert.Equal(1, samples["muster_tasks{status=\"cancelled\"}"]);
        Assert.Equal(1, samples["muster_leases"]);
        Assert.Equal(1, samples["muster_tasks_pending{reason=\"dependency\"}"]);
        Assert.Equal(1, samples["muster_tasks_pending{reason=\"none\"}"]);
        Assert.True(samples["muster_events_total"] > 10);
        Assert.True(samples["muster_store_commit_duration_seconds_count"] > 5);
        Assert.Equal(samples["muster_store_commit_duration_seconds_count"], samples["muster_store_commit_duration_seconds_bucket{le=\"+Inf\"}"]);
        Assert.Equal(6, samples[$"muster_http_request_duration_seconds_count{{route=\"{Routes.Tasks}\",method=\"POST\",status=\"2xx\"}}"]);
    }

    [Fact]
    public async Task It_takes_a_token_unless_the_settings_let_this_machine_in()
    {
        await using var shut = await TestPlane.StartAsync();
        using var nobody = new HttpClient { BaseAddress = shut.Address };
        Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.GetAsync(Routes.Metrics)).StatusCode);

        var folder = Directory.CreateTempSubdirectory("muster-metrics-").FullName;
        try
        {
            await using var open = await TestPlane.StartAsync(folder, options: new ControlPlaneOptions { DataFolder = folder, MetricsOnLoopback = true });
            using var neighbour = new HttpClient { BaseAddress = open.Address };
            Assert.Equal(HttpStatusCode.OK, (await neighbour.GetAsync(Routes.Metrics)).StatusCode);
            Assert.Equal(HttpStatusCode.Unauthorized, (await neighbour.GetAsync(Routes.Tasks)).StatusCode);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Reads as strictly as Prometheus does: every sample belongs to a family that was announced once.</summary>
    private static async Task<Dictionary<string, double>> ReadAsync(TestPlane plane)
    {
        using var response = await plane.Http.GetAsync(Routes.Metrics);
        Assert.Equal("text/plain", response.Content.Headers.ContentType?.MediaType);
        Dictionary<string, double> samples = new(StringComparer.Ordinal);
        HashSet<string> families = new(StringComparer.Ordinal);
        var family = "";
        foreach (var line in (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                family = line.Split(' ')[2];
                Assert.True(families.Add(family), $"{family} is announced twice");
            }

            if (line.StartsWith('#')) continue;
            Assert.Matches(Sample(), line);
            Assert.StartsWith(family, line, StringComparison.Ordinal);
            var blank = line.LastIndexOf(' ');
            Assert.True(samples.TryAdd(line[..blank], double.Parse(line[(blank + 1)..], CultureInfo.InvariantCulture)), $"{line} is told twice");
        }

        return samples;
    }

    [GeneratedRegex("""^[a-z_]+(\{[a-z]+="[^"\n]*"(,[a-z]+="[^"\n]*")*\})? [0-9.eE+-]+$""", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Sample();
}
