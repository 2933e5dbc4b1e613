using System.CommandLine;
using Muster.Hosting;

namespace Muster.Commands;

/// <summary><c>up</c> is plane and host in one process; <c>serve</c> is the plane alone.</summary>
internal static class UpCommand
{
    public static Command Create()
    {
        var noHost = new Option<bool>("--no-host") { Description = "The plane alone, as serve" };
        var capacity = new Option<int?>("--capacity") { Description = "Agents this machine may run at once", HelpName = "N" };
        var listen = new ListenOptions();
        return new Command("up", "Start the plane and a host on this machine, and stay until Ctrl-C").With([.. listen.All, noHost, capacity])
            .Does(call => Standing.RunAsync(call, listen.Read(call), listen.Adapters(call), withHost: !call.Get(noHost), call.Get(capacity)));
    }

    public static Command CreateServe()
    {
        var listen = new ListenOptions();
        return new Command("serve", "Start the plane alone; hosts join with muster host").With([.. listen.All])
            .Does(call => Standing.RunAsync(call, listen.Read(call), listen.Adapters(call), withHost: false, null));
    }

    private sealed class ListenOptions
    {
        private readonly Option<int> _port = new("--port") { Description = "Port to listen on; 0 takes a free one", DefaultValueFactory = _ => 7717, HelpName = "N" };
        private readonly Option<string?> _bind = new("--bind") { Description = "Address to listen on; loopback when left out", HelpName = "IP" };

        private readonly Option<string?> _store = new("--store") { Description = "Where the store is (or MUSTER_STORE): postgres://USER:PASSWORD@HOST/DATABASE; embedded when left out", HelpName = "URL" };

        private readonly Option<string?> _bus = new("--bus") { Description = "What carries messages between planes (or MUSTER_BUS): nats://USER:PASSWORD@HOST:4222; this process when left out", HelpName = "URL" };
        private readonly Option<string?> _state = new("--state") { Description = "What planes share for a while (or MUSTER_STATE): redis://USER:PASSWORD@HOST:6379/0; this process when left out", HelpName = "URL" };

        public IEnumerable<Symbol> All => [_port, _bind, _store, _bus, _state];

        public Adapters Adapters(Call call) =>
            new Adapters { Store = call.Get(_store), Bus = call.Get(_bus), State = call.Get(_state) }.Over(Hosting.Adapters.FromEnvironment());

        public string Read(Call call)
        {
            var port = call.Get(_port);
            if (port is < 0 or > 65535) throw new CommandException($"{port} is no port; a port is 0 to 65535.") { Code = ExitCodes.BadUsage };
            var bind = call.Get(_bind) ?? "127.0.0.1";
            if (!System.Net.IPAddress.TryParse(bind, out var address)) throw new CommandException($"'{bind}' is no address of this machine.", "--bind takes one such as 0.0.0.0 or 10.100.0.1.") { Code = ExitCodes.BadUsage };
            return address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"http://[{address}]:{port}" : $"http://{address}:{port}";
        }
    }
}
