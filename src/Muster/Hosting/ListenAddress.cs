using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using Muster.ControlPlane.Storage;

namespace Muster.Hosting;

/// <summary>The address to listen at, and what to say when it cannot be had.</summary>
internal static class ListenAddress
{
    /// <summary>Asked before anything is written: a start that cannot succeed changes nothing.</summary>
    /// <exception cref="CommandException">It is taken, not allowed, or not of this machine.</exception>
    public static void RequireFree(Uri url)
    {
        if (url.Port == 0 || !IPAddress.TryParse(url.Host.Trim('[', ']'), out var address)) return;
        try
        {
            using var probe = new TcpListener(address, url.Port);
            probe.Start();
        }
        catch (SocketException error)
        {
            throw Explain(error, url);
        }
    }

    /// <summary>What a failed start means for the person; the error itself when it is none of these.</summary>
    public static Exception Explain(Exception error, Uri url)
    {
        for (var cause = error; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case AddressInUseException or SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse }:
                    return new CommandException($"Port {url.Port} is taken by another program.", "Choose another with --port N (--port 0 takes a free one), or stop what listens there.");
                case SocketException { SocketErrorCode: SocketError.AccessDenied }:
                    return new CommandException($"Port {url.Port} may not be opened by this user.", "Choose one above 1023 with --port N.");
                case SocketException { SocketErrorCode: SocketError.AddressNotAvailable }:
                    return new CommandException($"{url.Host} is no address of this machine.", "Give --bind one that is, such as 127.0.0.1 or 0.0.0.0.");
                case OptionsValidationException wrong:
                    return new CommandException($"config.json in the data folder: {string.Join(' ', wrong.Failures)}") { Code = ExitCodes.BadUsage };
                case StoreUnusableException unusable:
                    return new CommandException(unusable.Message);
            }
        }

        return error;
    }
}
