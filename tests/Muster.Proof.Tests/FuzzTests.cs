using Muster.Proof.Fuzz;

namespace Muster.Proof.Tests;

/// <summary>The API under requests made from its own document; <c>./muster fuzz</c> sends as many as one likes.</summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    [Fact]
    [Trait("req", "C2")]
    public async Task No_request_breaks_the_plane_or_its_word()
    {
        var folder = Directory.CreateTempSubdirectory("muster-fuzz-").FullName;
        try
        {
            var options = new FuzzOptions { Seed = Environment.TickCount & 0xffffff, Folder = folder, Requests = 3000 };
            output.WriteLine($"seed {options.Seed}; to repeat it: ./muster fuzz --seed {options.Seed} --requests {options.Requests}");
            var result = await new FuzzRun(options, output.WriteLine).RunAsync(TestContext.Current.CancellationToken);

            output.WriteLine($"{result.Requests} requests to {result.Operations} operations in {result.Seconds} s: {string.Join(", ", result.ByStatus.Select(s => $"{s.Value} x {s.Key}"))}");
            Assert.Empty(result.Breaches);
            Assert.True(result.Operations > 95);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
