using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Muster.ControlPlane.Events.Bus;

namespace Muster.Integrations.Nats;

public static class AddNats
{
    /// <summary>The bus reaches beyond this process over NATS, and the event log is copied to it.</summary>
    public static IServiceCollection AddNatsBus(this IServiceCollection services, NatsOptions options) => services
        .AddSingleton(s => new NatsClient(options, s.GetRequiredService<ILogger<NatsClient>>(), s.GetRequiredService<TimeProvider>()))
        .AddSingleton<IBusLink, NatsBusLink>()
        .AddSingleton<IEventCopy, NatsEventCopy>();
}
