using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Muster.ControlPlane.Operations;
using OpenTelemetry;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Muster.Hosting;

/// <summary>
/// Sends what the plane traces to the collector that the variables of OpenTelemetry name (<c>OTEL_EXPORTER_OTLP_ENDPOINT</c> and
/// its companions). Without them nothing is traced and nothing of it is loaded.
/// </summary>
internal static class Telemetry
{
    /// <summary>The web server's own: a span for each request.</summary>
    private const string WebServer = "Microsoft.AspNetCore";

    public static void AddTo(IServiceCollection services)
    {
        if (!IsWanted) return;
        // Else its spans have a name and nothing more.
        AppContext.SetSwitch("Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData", false);
        services.AddHostedService<Exporter>();
    }

    private static bool IsWanted => new[] { "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" }.Any(name => !string.IsNullOrWhiteSpace(Environment.GetEnvironmentVariable(name)));

    private sealed class Exporter : IHostedService
    {
        private TracerProvider? _tracer;

        public Task StartAsync(CancellationToken cancellationToken)
        {
            _tracer = Sdk.CreateTracerProviderBuilder()
                // The variables come last: OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say it better.
                .SetResourceBuilder(ResourceBuilder.CreateEmpty().AddService("muster", serviceVersion: Product.Version).AddTelemetrySdk().AddEnvironmentVariableDetector())
                .AddSource(Traces.Name, WebServer)
                .AddOtlpExporter()
                .Build();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken)
        {
            // Sends what is left, for as long as a collector that does not answer may hold up the end of a plane.
            _tracer?.Shutdown((int)TimeSpan.FromSeconds(2).TotalMilliseconds);
            _tracer?.Dispose();
            return Task.CompletedTask;
        }
    }
}
