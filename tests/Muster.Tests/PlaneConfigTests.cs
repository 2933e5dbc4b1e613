using Muster.Commands;
using Muster.Hosting;

namespace Muster.Tests;

/// <summary>What is misspelt in config.json is refused at the start, not ignored.</summary>
public sealed class PlaneConfigTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("muster-config-").FullName;

    [Theory]
    [InlineData("{ \"corsOrigin\": [] }")]
    [InlineData("{ \"delivery\": { \"maxPushByte\": 1 } }")]
    [InlineData("{ \"eventDays\": \"many\" }")]
    [InlineData("not json")]
    public void A_setting_that_is_not_known_is_refused(string text)
    {
        File.WriteAllText(PlaneConfig.PathIn(_folder), text);
        using var data = DataFolder.Open(_folder);
        Assert.Equal(ExitCodes.BadUsage, Assert.Throws<CommandException>(() => PlaneConfig.Read(data)).Code);
    }

    [Fact]
    public void Settings_reach_the_plane_and_the_rest_has_defaults()
    {
        File.WriteAllText(PlaneConfig.PathIn(_folder), "{ // mine\n \"hostNames\": [\"muster.lan\"], \"logDays\": 7, \"delivery\": { \"maxGitRequests\": 5, \"gitTimeout\": \"00:05:00\" } }");
        using var data = DataFolder.Open(_folder);
        var options = PlaneConfig.Read(data).ToOptions(data, "http://127.0.0.1:0", null);
        Assert.Equal(("muster.lan", 7, 90), (options.HostNames.Single(), options.LogDays, options.EventDays));
        Assert.Empty(options.Validate());
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
