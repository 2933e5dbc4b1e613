using System.CommandLine;
using Muster.Hosting;
using Muster.Terminals;

namespace Muster.Commands;

internal static class HostCommand
{
    public static Command Create()
    {
        var name = new Option<string?>("--name") { Description = "Name of this host; the machine's when left out" };
        var capacity = new Option<int?>("--capacity") { Description = "Agents it may run at once", HelpName = "N" };
        return new Command("host", "Run agents, checks and deployments on this machine for a plane")
            .With(name, capacity, new Command("list", "Every host, its size and load").Does(ListAsync))
            .Does(call => RunningHost.RunAloneAsync(call, call.Get(name), call.Get(capacity)));
    }

    private static async Task ListAsync(Call call)
    {
        var hosts = await call.AllAsync(cursor => call.Muster.ListHostsAsync(cursor, ct: call.Stop));
        call.Terminal.Document(hosts);
        var grid = new Grid("HOST", "HEALTH", "CORES", "MEMORY", "LOAD", "AGENTS", "HEARD OF", "SYSTEM");
        foreach (var host in hosts)
        {
            grid.Row(host.Name, Cell.State(host.Health), host.Cores, Words.Bytes(host.MemoryBytes), host.Load is { } load ? $"{load:P0}" : "",
                $"{host.Agents.Count}/{host.Capacity}", Words.Ago(host.LastHeartbeat), host.System);
        }

        grid.WriteTo(call.Terminal, "No hosts. Start one: muster host");
    }
}
