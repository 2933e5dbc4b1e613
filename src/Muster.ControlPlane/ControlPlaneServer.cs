using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Muster.Contracts;
using Muster.Contracts.Security;
using Muster.ControlPlane.Backups;
using Muster.ControlPlane.Conversations;
using Muster.ControlPlane.Delivery;
using Muster.ControlPlane.Events;
using Muster.ControlPlane.Events.Bus;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Fleet.Drifting;
using Muster.ControlPlane.Fleet.Roles;
using Muster.ControlPlane.Fleet.Roles.Notes;
using Muster.ControlPlane.Fleet.Specialists;
using Muster.ControlPlane.Mcp;
using Muster.ControlPlane.Models;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Operations.Metrics;
using Muster.ControlPlane.Operations.State;
using Muster.ControlPlane.Progress;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Tools;
using Muster.ControlPlane.Work;
using Muster.ControlPlane.Work.Plans;

namespace Muster.ControlPlane;

/// <summary>The plane as a server: what it is made of, and the order in which a request passes through.</summary>
public static class ControlPlaneServer
{
    /// <summary>
    /// Bytes of a request's body, unless its path says otherwise. Roomier than any field, so that who sends a field that is
    /// far too long hears which one, instead of a cut connection.
    /// </summary>
    private const long BodyLimit = 16 * 1024 * 1024;

    /// <summary>Adds the plane. The caller adds its adapters: the store here, an <c>IRepositories</c> beside it.</summary>
    public static IServiceCollection AddControlPlane(this IServiceCollection services, ControlPlaneOptions options, Func<IServiceProvider, Store> store)
    {
        services.AddSingleton(options);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(store);
        services.AddHttpContextAccessor();
        services.AddScoped<Writes>();
        // What an adapter added before stays: without one, all who listen and all that is shared are in this process.
        services.TryAddSingleton<IBusLink, NoLink>();
        services.TryAddSingleton<ISharedState, LocalState>();
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.DefaultIgnoreCondition = Wire.Json.DefaultIgnoreCondition;
            json.SerializerOptions.RespectNullableAnnotations = true;
            json.SerializerOptions.MaxDepth = 32;
            json.SerializerOptions.Converters.Add(new WholeJson());
        });
        services.Configure<RouteHandlerOptions>(o => o.ThrowOnBadRequest = true);
        services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = BodyLimit;
        });
        services.AddCors(cors => cors.AddDefaultPolicy(policy => policy.WithOrigins([.. options.CorsOrigins]).AllowAnyHeader().AllowAnyMethod()));
        services.AddSingleton(plane => new ApiDocument(services, plane));
        services.AddHostedService<Startup>();
        return services.AddSecurity().AddEvents().AddWork().AddFleet().AddDelivery().AddModels().AddTools().AddConversations().AddProgress().AddMcp().AddOperations();
    }

    public static WebApplication UseControlPlane(this WebApplication app)
    {
        app.UseInnerCalls();
        app.UseMiddleware<ProblemMiddleware>();
        app.UseMiddleware<SecurityHeaders>();
        app.UseWebSockets();
        app.UseRouting();
        app.UseCors();
        app.UseMiddleware<AccessMiddleware>();
        app.UseMiddleware<RequestLimit>();
        app.MapHealth();
        app.MapPlanes();
        app.MapMetrics();
        app.MapProjects();
        app.MapEpics();
        app.MapTasks();
        app.MapPlans();
        app.MapClaims();
        app.MapAssignments();
        app.MapLogs();
        app.MapAgents();
        app.MapRoles();
        app.MapSpecialists();
        app.MapHosts();
        app.MapDelivery();
        app.MapProgress();
        app.MapEvents();
        app.MapBus();
        app.MapArtifacts();
        app.MapTools();
        app.MapAllModels();
        app.MapConversations();
        app.MapTokens();
        app.MapSecrets();
        app.MapSessions();
        app.MapMcp();
        app.MapApiDocument();
        return app;
    }

    private static IServiceCollection AddSecurity(this IServiceCollection services) => services.AddSingleton<TokenDirectory>().AddSingleton<SignInLinks>();

    private static IServiceCollection AddEvents(this IServiceCollection services) => services
        .AddSingleton<EventHub>().AddSingleton<EventLog>().AddSingleton<MessageBus>().AddSingleton<BusAccess>()
        .AddSingleton<EventCopier>().AddHostedService(s => s.GetRequiredService<EventCopier>());

    private static IServiceCollection AddWork(this IServiceCollection services) => services
        .AddSingleton<ProjectDirectory>().AddSingleton<ReadyTasks>().AddSingleton<ClaimTasks>().AddSingleton<ClaimAnswers>().AddSingleton<AgentNames>().AddSingleton<CompleteAssignments>().AddHostedService<ReadySweep>()
        .AddSingleton<LeaseTable>().AddSingleton<ReadyWaiters>().AddSingleton<DueTimes>().AddSingleton<TaskReader>().AddSingleton<AttemptLogs>()
        .AddSingleton<AdoptLeases>().AddSingleton<LeaseKeeper>().AddHostedService(s => s.GetRequiredService<LeaseKeeper>());

    private static IServiceCollection AddFleet(this IServiceCollection services)
    {
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<FleetOptions>, FleetOptionsCheck>());
        services.AddOptions<FleetOptions>().BindConfiguration(FleetOptions.Section).ValidateOnStart();
        return services
            .AddSingleton<AgentDirectory>().AddSingleton<PresenceTable>().AddSingleton<Heartbeat>().AddSingleton<DriftWatch>().AddSingleton<HostHeartbeat>().AddSingleton<SharedPresence>().AddSingleton<AgentReader>()
            .AddSingleton(s => new RoleCatalog(s.GetRequiredService<ControlPlaneOptions>().RoleFolders, s.GetRequiredService<TimeProvider>(),
                Path.Combine(s.GetRequiredService<ControlPlaneOptions>().Common, "roles", "specialists"))).AddHostedService<RoleReport>()
            .AddSingleton<NoteBook>().AddSingleton<IRoleNotes>(s => s.GetRequiredService<NoteBook>()).AddHostedService<LessonKeeper>()
            .AddSingleton<SpawnSpecialists>().AddSingleton<RetireSpecialists>().AddSingleton<SpecialistKeeper>().AddHostedService(s => s.GetRequiredService<SpecialistKeeper>())
            .AddScoped<Steering>().AddSingleton<PresenceKeeper>().AddHostedService(s => s.GetRequiredService<PresenceKeeper>()).AddHostedService(s => s.GetRequiredService<SharedPresence>());
    }

    private static IServiceCollection AddProgress(this IServiceCollection services) => services.AddSingleton<TodayReader>().AddSingleton<DoneCounter>().AddHostedService(s => s.GetRequiredService<DoneCounter>());

    private static IServiceCollection AddOperations(this IServiceCollection services) =>
        services
        .AddSingleton<SharedLimits>().AddSingleton<SharedLocks>().AddSingleton<RequestAllowance>().AddSingleton<BackupState>().AddSingleton<PlaneFigures>().AddSingleton<MeterSums>().AddHostedService(s => s.GetRequiredService<MeterSums>())
        .AddSingleton<Retention>().AddHostedService(s => s.GetRequiredService<Retention>())
        .AddSingleton<Succession>().AddHostedService(s => s.GetRequiredService<Succession>()).AddHostedService<CatchUp>().AddHostedService<NewLifeKeeper>();
}
