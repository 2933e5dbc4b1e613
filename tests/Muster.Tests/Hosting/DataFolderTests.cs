using System.Net;
using System.Net.Sockets;
using Muster.Hosting;

namespace Muster.Tests.Hosting;

public sealed class DataFolderTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void It_is_made_for_its_owner_alone()
    {
        using var data = DataFolder.Open(_scratch["deep/data"]);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(data.Path));
    }

    [Fact]
    public void A_second_plane_is_refused_by_the_number_of_the_first()
    {
        using var first = DataFolder.Open(_scratch["data"]);

        var error = Assert.Throws<CommandException>(() => DataFolder.Open(_scratch["data"]));

        Assert.Contains($"process {Environment.ProcessId}", error.Message, StringComparison.Ordinal);
        Assert.Equal(Environment.ProcessId, DataFolder.Holder(_scratch["data"]));
    }

    [Fact]
    public void It_is_free_again_when_it_is_let_go()
    {
        DataFolder.Open(_scratch["data"]).Dispose();

        Assert.Null(DataFolder.Holder(_scratch["data"]));
        DataFolder.Open(_scratch["data"]).Dispose();
    }

    [Fact]
    public void One_that_cannot_be_written_is_a_sentence_with_a_way_out()
    {
        File.WriteAllText(_scratch["file"], "");

        var error = Assert.Throws<CommandException>(() => DataFolder.Open(_scratch["file/data"]));

        Assert.Contains("cannot be written", error.Message, StringComparison.Ordinal);
        Assert.Contains("--data", error.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void A_taken_port_is_a_sentence_with_a_way_out()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;

        var error = Assert.Throws<CommandException>(() => ListenAddress.RequireFree(new Uri($"http://127.0.0.1:{port}")));

        Assert.Contains($"{port}", error.Message, StringComparison.Ordinal);
        Assert.Contains("--port", error.Hint, StringComparison.Ordinal);
    }
}
