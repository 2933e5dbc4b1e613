using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using Muster.Client;
using Muster.Connections;

namespace Muster.Commands;

/// <summary><c>muster open</c>: a link into the dashboard, and the browser with it where there is one.</summary>
internal static class OpenCommand
{
    public static Command Create()
    {
        var print = new Option<bool>("--print") { Description = "Only print the link: to open it elsewhere, on a phone for example" };
        return new Command("open", "Sign in to the dashboard, by a link that works once").With(print).Does(async call =>
        {
            var (link, ends) = await LinkAsync(call.Muster, call.Server, call.Stop);
            call.Terminal.Document(new { link, expiresAt = ends });
            call.Terminal.Line(link);
            call.Terminal.Note("It signs one browser in, once, within 15 minutes.");
            if (call.Terminal.Interactive && !call.Get(print)) Show(link);
        });
    }

    public static async Task<(string Link, DateTimeOffset Ends)> LinkAsync(MusterClient muster, KnownServer server, CancellationToken ct)
    {
        var link = await muster.CreateSignInLinkAsync(ct: ct);
        return (server.Address.TrimEnd('/') + link.Path, link.ExpiresAt);
    }

    private static void Show(string link)
    {
        try
        {
            using var browser = Process.Start(new ProcessStartInfo(OperatingSystem.IsMacOS() ? "open" : "xdg-open", [link]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true });
        }
        catch (Win32Exception)
        {
            // A machine without a desktop; the link stands on the terminal.
        }
    }
}
