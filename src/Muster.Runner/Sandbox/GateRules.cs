using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Muster.Runner.Sandbox;

/// <summary>Which hosts a manifest names, and which addresses nobody reaches by a name. Pure.</summary>
public sealed class GateRules(IReadOnlyList<string> hosts)
{
    /// <summary>Of a host that is named without one.</summary>
    public const int UsualPort = 443;

    private readonly HashSet<(string Host, int Port)> _named = [.. hosts.Select(Split)];

    public bool Names(string host, int port) => _named.Contains((host.TrimEnd('.').ToLowerInvariant(), port));

    /// <summary>
    /// Whether an address may be connected to. What belongs to this machine, its links or a private network is reached only where the manifest names
    /// the very address, or <c>localhost</c>: a name may be made to point at anything by whoever owns it.
    /// </summary>
    /// <param name="host">As it was asked for.</param>
    /// <param name="address">That it has.</param>
    public static bool MayReach(string host, IPAddress address) =>
        IPAddress.TryParse(host.Trim('[', ']'), out _) || host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || !IsInside(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);

    public static (string Host, int Port) Split(string named)
    {
        var colon = named.LastIndexOf(':');
        return colon > 0 && int.TryParse(named.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            ? (named[..colon].TrimEnd('.').ToLowerInvariant(), port)
            : (named.TrimEnd('.').ToLowerInvariant(), UsualPort);
    }

    private static bool IsInside(IPAddress address)
    {
        if (IPAddress.IsLoopback(address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)) return true;
        var bytes = address.GetAddressBytes();
        return address.AddressFamily == AddressFamily.InterNetworkV6
            ? address.IsIPv6LinkLocal || address.IsIPv6SiteLocal || address.IsIPv6UniqueLocal || address.IsIPv6Multicast || IsEmbedded(bytes)
            : bytes switch
            {
                [0 or 10 or 127, ..] or [169, 254, ..] or [192, 168, ..] or [172, >= 16 and <= 31, ..] or [100, >= 64 and <= 127, ..] => true,
                [192, 0, 0, _] or [198, 18 or 19, ..] => true,
                [>= 224, ..] => true,
                _ => false,
            };
    }

    // IPv4 addresses in those of IPv6 (NAT64, 6to4, and the old form without a prefix).
    private static bool IsEmbedded(byte[] bytes) => bytes switch
    {
        [0x00, 0x64, 0xff, 0x9b, ..] => IsInside(new IPAddress(bytes[12..16])),
        [0x20, 0x02, ..] => IsInside(new IPAddress(bytes[2..6])),
        _ => bytes.AsSpan(0, 12).IndexOfAnyExcept((byte)0) < 0,
    };
}
