using Muster.Contracts.Fleet;

namespace Muster.Runner.Agents;

/// <summary>What a role says where an agent's own definition says nothing. Pure.</summary>
internal static class RoleDefaults
{
    public static AgentDefinition Of(AgentDefinition definition, RoleLimits? limits) => limits is null ? definition : definition with
    {
        TimeoutSeconds = definition.TimeoutSeconds ?? limits.Minutes * 60,
        Limits = definition.Limits?.Steps is not null || limits.Turns is null ? definition.Limits : (definition.Limits ?? new AttemptLimits()) with { Steps = limits.Turns },
    };
}
