using System.Text;

namespace Muster.Runner.Git;

/// <summary>Where to fetch from and push to, and with what right.</summary>
/// <param name="Url">URL of the plane's git endpoint, or a path.</param>
/// <param name="Lease">Lease token that is the password; null where none is asked.</param>
public sealed record GitRemote(string Url, string? Lease = null)
{
    /// <summary>Configuration for the environment: never on a command line or in a file, and sent to this server only.</summary>
    internal IEnumerable<(string Key, string Value)> Configuration()
    {
        yield return ("http.followRedirects", "false");
        // A proxy in the environment is for the world outside; it would not find this machine's own ports.
        if (Uri.TryCreate(Url, UriKind.Absolute, out var address) && address.IsLoopback) yield return ("http.proxy", "");
        if (Lease is null) yield break;
        var basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"muster:{Lease}"));
        yield return ($"http.{Url}.extraHeader", $"Authorization: Basic {basic}");
    }

    // A record would print the lease.
    public override string ToString() => Url;
}
