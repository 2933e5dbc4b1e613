using System.Net;
using System.Net.Sockets;
using Muster.Client;
using Muster.Hosting;

namespace Muster.Connections;

/// <summary>Which plane a command talks to: what was asked for, else the environment, else the plane started last here.</summary>
internal static class Connection
{
    public static KnownServer Find(string? server, string? token, string? data) => Find(server, token, data, Environment.GetEnvironmentVariable("MUSTER_SERVER"));

    /// <param name="server">What was asked for.</param>
    /// <param name="token">The token that was given.</param>
    /// <param name="data">The data folder that was given.</param>
    /// <param name="named">What the environment says.</param>
    internal static KnownServer Find(string? server, string? token, string? data, string? named)
    {
        if (named is "") named = null;
        if (data is not null && server is null)
        {
            if (ServerFile.Read(Path.GetFullPath(data)) is { } its) return its;
            // The folder of a host for a plane elsewhere.
            if (named is null) throw new CommandException($"No plane has run with the data folder {Path.GetFullPath(data)}.", $"Start one: muster up --data {data}");
        }

        server ??= named;
        token ??= Secret.FromEnvironment("MUSTER_TOKEN");
        var known = server is not null && token is not null ? [] : new Credentials(Paths.Credentials).Read();
        if (server is null)
        {
            var newest = known.Count > 0 ? known[0] : null;
            return newest is null
                ? new KnownServer { Address = MusterClientOptions.DefaultServer.AbsoluteUri, Token = token ?? "" }
                : newest with { Token = token ?? newest.Token };
        }

        if (!Uri.TryCreate(server, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            throw new CommandException($"'{server}' is no address of a plane.", "Give one such as http://127.0.0.1:7717.") { Code = ExitCodes.BadUsage };
        var match = known.FirstOrDefault(one => Uri.TryCreate(one.Address, UriKind.Absolute, out var other) && other == address);
        return new KnownServer { Address = server, Token = token ?? match?.Token ?? "" };
    }

    public static MusterClient Open(KnownServer server) => new(new MusterClientOptions
    {
        Server = new Uri(server.Address),
        Token = server.Token,
        // A person waits: two tries, then say that nobody is there.
        MaxRetries = 1,
        Handler = HandlerFor(new Uri(server.Address)),
    });

    /// <summary>On this machine a connection is there at once or not at all: waiting for it needs no second thread, and what that takes to compile is a tenth of a short command.</summary>
    private static SocketsHttpHandler HandlerFor(Uri server)
    {
        var handler = MusterClient.NewHandler(server);
        handler.ActivityHeadersPropagator = null;
        if (server.IsLoopback) handler.ConnectCallback = static (context, _) => new ValueTask<Stream>(ConnectNow(context.DnsEndPoint));
        return handler;
    }

    private static NetworkStream ConnectNow(DnsEndPoint server)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.Connect(server);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
