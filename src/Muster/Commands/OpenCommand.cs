using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;

namespace Muster.Commands;

/// <summary><c>muster open</c>: a link into the dashboard, and the browser with it where there is one.</summary>
internal static class OpenCommand
{
    public static Command Create()
    {
        var print = new Option<bool>("--print") { Description = "Only print the link: to open it elsewhere, on a phone for example" };
        return new Command("open", "Sign in to the dashboard, by a link that works once").With(print).Does(async call =>
        {
            var made = await call.Muster.CreateSignInLinkAsync(ct: call.Stop);
            var link = call.Server.Address.TrimEnd('/') + made.Path;
            call.Terminal.Document(new { link, expiresAt = made.ExpiresAt });
            call.Terminal.Line(link);
            call.Terminal.Note("It signs one browser in, once, within 15 minutes.");
            if (call.Terminal.Interactive && !call.Get(print)) Show(link);
        });
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
