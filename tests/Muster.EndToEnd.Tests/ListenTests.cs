using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Muster.EndToEnd.Tests;

public sealed class ListenTests
{
    /// <summary>As in a container: nobody can call the address that means all of them, so what runs on this machine is told one that it can.</summary>
    [Theory]
    [Trait("req", "C6")]
    [InlineData("0.0.0.0", "127.0.0.1")]
    [InlineData("::", "[::1]")]
    public async Task One_that_listens_everywhere_is_reached_by_loopback_by_its_host_and_from_outside(string bind, string own)
    {
        await using var stage = new Stage();
        var up = await stage.UpAsync(0, "--bind", bind);

        Assert.Equal(own, up.Address.Host);
        Assert.Contains(own, await stage.DoAsync("status", "--data", stage.Data), StringComparison.Ordinal);
        await up.HostedAsync();
        if (Outside() is { } outside)
        {
            using var http = new HttpClient();
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new UriBuilder(up.Address) { Host = outside, Path = "/health/live" }.Uri)).StatusCode);
        }

        Assert.Equal(0, await up.StopAsync());
    }

    /// <summary>An address of this machine that is not loopback; null on one without a network.</summary>
    private static string? Outside() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(one => one.OperationalStatus == OperationalStatus.Up && one.NetworkInterfaceType != NetworkInterfaceType.Loopback)
        .SelectMany(one => one.GetIPProperties().UnicastAddresses)
        .FirstOrDefault(one => one.Address.AddressFamily == AddressFamily.InterNetwork)?.Address.ToString();
}
