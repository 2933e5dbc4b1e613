using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Muster.ControlPlane.Conversations.Planning;
using Muster.ControlPlane.Conversations.Running;

namespace Muster.ControlPlane.Conversations;

/// <summary>The Chief of Staff: from a sentence to a plan, from a plan to work, and a short word when it is done (B5).</summary>
public static class ConversationServices
{
    /// <summary>Needs what <c>AddWork</c>, <c>AddFleet</c> and <c>AddDelivery</c> add, and an <see cref="Models.IModels"/>.</summary>
    public static IServiceCollection AddConversations(this IServiceCollection services)
    {
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ChiefOptions>, ChiefOptionsCheck>());
        services.AddOptions<ChiefOptions>().BindConfiguration(ChiefOptions.Section).ValidateOnStart();
        services.AddSingleton<Preferences>().AddSingleton<ReadFacts>().AddSingleton<Thinker>();
        services.AddSingleton<GoalWaiting>().AddSingleton<PlanGoal>().AddSingleton<StartGoal>().AddSingleton<ApplyChange>().AddSingleton<ChangeGoal>().AddSingleton<FinishGoal>();
        services.AddSingleton<GoalReader>();
        services.AddSingleton(s => new Conversations(s.GetRequiredService<Storage.Store>(), s.GetRequiredService<StartGoal>(), s.GetRequiredService<GoalReader>(), s.GetRequiredService<Preferences>()));
        return services.AddSingleton<ChiefDriver>().AddHostedService(s => s.GetRequiredService<ChiefDriver>());
    }

    public static void MapConversations(this IEndpointRouteBuilder routes)
    {
        ConversationsApi.Map(routes);
        GoalsApi.Map(routes);
    }
}
