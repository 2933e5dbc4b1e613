using Muster.Dashboard.Hosting;

namespace Muster.Dashboard.Agents;

/// <summary>What an agent may be told.</summary>
internal static class AgentForms
{
    public static IReadOnlyList<FormRoute> All { get; } =
    [
        new("/agents/{name}/pause", async call => $"{(await call.Page.Muster.PauseAgentAsync(call.Value("name"), ct: call.Stop)).Name} takes nothing new until it is resumed"),
        new("/agents/{name}/resume", async call => $"{(await call.Page.Muster.ResumeAgentAsync(call.Value("name"), ct: call.Stop)).Name} goes on"),
        new("/agents/{name}/drain", async call => $"{(await call.Page.Muster.DrainAgentAsync(call.Value("name"), ct: call.Stop)).Name} finishes what it holds, and ends"),
        new("/agents/{name}/stop", async call => $"{(await call.Page.Muster.StopAgentAsync(call.Value("name"), ct: call.Stop)).Name} is told to stop"),
    ];
}
