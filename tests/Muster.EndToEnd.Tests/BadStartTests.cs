using System.Net;
using System.Net.Sockets;

namespace Muster.EndToEnd.Tests;

public sealed class BadStartTests
{
    [Fact]
    public async Task A_taken_port_is_a_sentence_and_makes_nothing()
    {
        await using var stage = new Stage();
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();

        var ended = await stage.RunAsync("up", "--port", $"{((IPEndPoint)other.LocalEndpoint).Port}", "--data", stage.Data);

        Refused(ended, "is taken by another program", "--port");
        Assert.False(Directory.Exists(stage.Data));
    }

    [Fact]
    public async Task A_data_folder_that_cannot_be_written_is_a_sentence()
    {
        await using var stage = new Stage();
        await File.WriteAllTextAsync(stage["file"], "");

        Refused(await stage.RunAsync("up", "--port", "0", "--data", stage["file/data"]), "cannot be written", "--data");
    }

    [Fact]
    public async Task Two_planes_cannot_use_one_data_folder()
    {
        await using var stage = new Stage();
        var first = await stage.UpAsync();

        Refused(await stage.RunAsync("up", "--port", "0", "--data", stage.Data), $"(process {first.Pid})", "--data");

        Assert.Equal("healthy", (await first.Client.GetHealthAsync()).Status);
    }

    [Theory]
    [InlineData(2, "task", "frobnicate")]
    [InlineData(2, "task", "list", "--status", "nonsense")]
    [InlineData(2, "up", "--port", "70000")]
    [InlineData(2, "serve", "--port", "0", "--bus", "http://host:4222")]
    [InlineData(2, "serve", "--port", "0", "--state", "redis://host/none")]
    [InlineData(2, "status", "--server", "nowhere")]
    [InlineData(3, "status", "--server", "http://127.0.0.1:1")]
    [InlineData(3, "task", "add", "Title", "--project", "FLT", "--server", "http://127.0.0.1:1", "--json")]
    public async Task Exit_codes_tell_bad_usage_from_nobody_there(int code, params string[] arguments)
    {
        await using var stage = new Stage();

        var ended = await stage.RunAsync(arguments);

        Assert.Equal(code, ended.Code);
        Assert.Empty(ended.Output);
        Assert.StartsWith("error: ", ended.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_owner_token_is_shown_once_and_kept_for_its_owner_alone()
    {
        await using var stage = new Stage();
        var first = await stage.UpAsync();
        var credentials = stage["config/muster/credentials.json"];
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(credentials));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(stage.Data));
        Assert.Contains("\"projects\"", await stage.DoAsync("status", "--json"), StringComparison.Ordinal);
        Assert.Equal(0, await first.StopAsync());

        await stage.UpAsync();

        Assert.Contains("\"projects\"", await stage.DoAsync("status", "--json", "--data", stage.Data), StringComparison.Ordinal);
        var wrong = await stage.RunAsync("status", "--token", "mst_wrong");
        Assert.Equal(1, wrong.Code);
        Assert.Contains("token", wrong.Error, StringComparison.Ordinal);
    }

    private static void Refused(Ended ended, string sentence, string hint)
    {
        Assert.Equal(1, ended.Code);
        Assert.Empty(ended.Output);
        Assert.Contains(sentence, ended.Error, StringComparison.Ordinal);
        Assert.Contains(hint, ended.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ended.Error, StringComparison.Ordinal);
    }
}
