namespace Muster.Runner.Tests;

public sealed class RotatingLogTests
{
    [Fact]
    public void A_log_stays_within_its_size_and_the_newest_lines_are_kept()
    {
        using var folder = new TempFolder();
        using (var log = new RotatingLog(Path.Combine(folder.Path, "a.log"), new ManualTime(), maxBytes: 1000))
        {
            for (var i = 1; i <= 1000; i++) log.Write($"line {i}");
        }

        var files = Directory.GetFiles(folder.Path);
        Assert.InRange(files.Length, 2, 3);
        Assert.All(files, file => Assert.InRange(new FileInfo(file).Length, 1, 1100));
        Assert.Contains("line 1000\n", string.Concat(files.Select(File.ReadAllText)), StringComparison.Ordinal);
    }
}
