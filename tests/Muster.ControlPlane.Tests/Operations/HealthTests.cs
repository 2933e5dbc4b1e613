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
        var data = Directory.CreateTempSubdirectory("muster-test-").FullName;
        var shared = Directory.CreateTempSubdirectory("muster-test-").FullName;
        try
        {
            await using var plane = await TestPlane.StartAsync(data, options: new ControlPlaneOptions { DataFolder = data, SharedFolder = shared });
            Assert.Equal("healthy", (await DiskAsync(plane)).Status);

            Directory.Delete(shared, recursive: true);

            var disk = await DiskAsync(plane);
            Assert.Equal("degraded", disk.Status);
            Assert.Contains("shared folder", disk.Detail, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    private static async Task<HealthPart> DiskAsync(TestPlane plane) => Assert.Single((await plane.GetAsync<HealthReport>(Routes.Health)).Parts, part => part.Name == "disk");
}
