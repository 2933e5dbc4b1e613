using Muster.Conformance.Servers;
using Muster.Contracts;
using Muster.ControlPlane.Operations;

namespace Muster.ControlPlane.Tests.Operations;

/// <summary>What a plane needs and does not have is said, and named (C5).</summary>
[Trait("req", "C5")]
public sealed class HealthTests
{
    [Fact]
    public async Task A_shared_folder_that_went_away_is_named()
    {
        using var data = new ScratchFolder();
        var shared = Directory.CreateDirectory(data.File("shared")).FullName;
        await using var plane = await TestPlane.StartAsync(data.Path, options: new ControlPlaneOptions { DataFolder = data.Path, SharedFolder = shared });
        Assert.Equal("healthy", (await DiskAsync(plane)).Status);

        Directory.Delete(shared, recursive: true);

        var disk = await DiskAsync(plane);
        Assert.Equal("degraded", disk.Status);
        Assert.Contains("shared folder", disk.Detail, StringComparison.Ordinal);
    }

    private static async Task<HealthPart> DiskAsync(TestPlane plane) => Assert.Single((await plane.GetAsync<HealthReport>(Routes.Health)).Parts, part => part.Name == "disk");
}
