using System.Diagnostics;
using System.Text.Json;
using Muster.Proof.Chaos;

namespace Muster.Proof.Tests;

/// <summary>The run that has a network for itself: the kernel loses what planes and agents send each other.</summary>
public sealed class PacketsTests
{
    private const int BadUsage = 2;

    [Fact]
    [Trait("req", "B3")]
    public async Task Lost_packets_cost_nothing_that_was_acknowledged()
    {
        var folder = Directory.CreateTempSubdirectory("muster-packets-").FullName;
        try
        {
            // A namespace is a process's, so the run is one.
            string[] arguments = [typeof(ChaosOptions).Assembly.Location, "chaos", "--packets", "--kills", "5", "--effects", "100", "--minutes", "4", "--json", "--out", Path.Combine(folder, "run")];
            using var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
            var (said, complained) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync();

            // Where the kernel gives none, the command says what is missing, and this is not proved.
            if (process.ExitCode == BadUsage && (await complained).Contains("--packets needs", StringComparison.Ordinal)) Assert.Skip($"NOT PROVED that lost packets do no harm: {await complained}");
            Assert.True(process.ExitCode == 0, await said + await complained);
            var result = JsonSerializer.Deserialize<JsonElement>(await said);
            Assert.True(result.GetProperty("networkFaults").GetInt32() > 0, await said);
            Assert.True(result.GetProperty("effects").GetInt32() > 40, await said);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
