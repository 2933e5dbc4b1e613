using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Muster.ControlPlane.Delivery.Deploys;
using Muster.ControlPlane.Delivery.Epics;
using Muster.ControlPlane.Delivery.Evaluations;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Delivery.Jobs;
using Muster.ControlPlane.Delivery.Origins;
using Muster.ControlPlane.Delivery.Proposals;
using Muster.ControlPlane.Delivery.Pulls;
using Muster.ControlPlane.Delivery.Queue;
using Muster.ControlPlane.Delivery.Reviews;
using Muster.ControlPlane.Delivery.Rules;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery;

/// <summary>From a branch to running code: the local forge, reviews, the merge queue, jobs and deployments.</summary>
public static class DeliveryServices
{
    /// <summary>Needs a <c>Store</c>, a <c>TimeProvider</c>, the token directory and an <see cref="IRepositories"/>.</summary>
    public static IServiceCollection AddDelivery(this IServiceCollection services)
    {
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<DeliveryOptions>, DeliveryOptionsCheck>());
        services.AddOptions<DeliveryOptions>().BindConfiguration(DeliveryOptions.Section).ValidateOnStart();
        services.AddSingleton<Targets>().AddSingleton<RulesAtTarget>().AddSingleton<ReviewBoard>().AddSingleton<OriginSync>().AddSingleton<DeploymentQueries>();
        services.AddSingleton<GitAccess>().AddSingleton<AcceptPush>().AddSingleton<GitEndpoint>();
        services.AddSingleton<JobLeases>().AddSingleton<ClaimJobs>().AddSingleton<ReportJob>();
        services.AddSingleton<ReviewWrites>().AddSingleton<AfterMerge>().AddSingleton<ReviewPass>();
        services.AddSingleton<EpicBranches>().AddSingleton<EpicStep>().AddSingleton<FinishMerge>().AddSingleton<MergeStep>().AddSingleton<RemoveFromQueue>();
        services.AddSingleton<FleetRepository>().AddSingleton<ProposeRoles>().AddSingleton<RecordedTasks>().AddSingleton<StartEvaluation>().AddSingleton<TrialPass>();
        services.AddScoped<CreateDeploymentOperation>();
        services.AddSingleton<DeliveryFacts>();
        services.AddSingleton<IClaimGit>(s => s.GetRequiredService<DeliveryFacts>());
        services.AddSingleton<IProjectRepositories>(s => s.GetRequiredService<DeliveryFacts>());
        services.AddSingleton<IHostDuties>(s => s.GetRequiredService<DeliveryFacts>());
        services.AddHostedService<DeliveryStart>();
        return services.AddHostedService<JobKeeper>().AddHostedService<ReviewDriver>().AddHostedService<MergeQueueDriver>().AddHostedService<EpicDriver>().AddHostedService<PushBackDriver>()
            .AddHostedService<MirrorKeeper>().AddHostedService<RoleWatch>();
    }

    public static void MapDelivery(this IEndpointRouteBuilder routes)
    {
        PullsApi.Map(routes);
        ProposalsApi.Map(routes);
        EvaluationsApi.Map(routes);
        QueueApi.Map(routes);
        EvidenceApi.Map(routes);
        JobsApi.Map(routes);
        DeploymentsApi.Map(routes);
        GitEndpoint.Map(routes);
    }
}
