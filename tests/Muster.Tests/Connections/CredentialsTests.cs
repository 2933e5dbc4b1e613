using Muster.Connections;

namespace Muster.Tests.Connections;

public sealed class CredentialsTests : IDisposable
{
    private readonly Scratch _scratch = new();

    private Credentials File => new(_scratch["config/muster/credentials.json"]);

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Only_the_owner_may_read_them()
    {
        File.Remember(Server("http://127.0.0.1:1", "/data/a"));

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File.Path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, System.IO.File.GetUnixFileMode(Path.GetDirectoryName(File.Path)!));
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(File.Path)!));
    }

    [Fact]
    public void The_plane_started_last_stands_first_and_takes_the_place_of_its_former_self()
    {
        File.Remember(Server("http://127.0.0.1:1", "/data/a"));
        File.Remember(Server("http://127.0.0.1:2", "/data/b"));
        File.Remember(Server("http://127.0.0.1:3", "/data/a"));

        Assert.Equal(["http://127.0.0.1:3", "http://127.0.0.1:2"], File.Read().Select(server => server.Address));
    }

    [Fact]
    public void A_plane_whose_folder_goes_is_forgotten()
    {
        File.Remember(Server("http://127.0.0.1:1", "/data/a"));
        File.Remember(Server("http://127.0.0.1:2", "/data/b"));

        File.Forget("/data/b");

        Assert.Equal(["http://127.0.0.1:1"], File.Read().Select(server => server.Address));
    }

    [Fact]
    public void What_was_written_is_read_again()
    {
        KnownServer[] servers =
        [
            new() { Address = "http://127.0.0.1:2", Token = "mst_2", Data = "/data/b", Pid = 12, StartedAt = new DateTimeOffset(2026, 11, 23, 1, 2, 3, 456, TimeSpan.Zero) },
            new() { Address = "https://[::1]:1/muster", Token = "" },
        ];
        foreach (var server in servers.Reverse()) File.Remember(server);

        Assert.Equal(servers, File.Read());
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"servers\":[5]}")]
    [InlineData("{\"servers\":[{\"address\":\"http://127.0.0.1:1\"}]}")]
    public void A_broken_file_is_a_sentence(string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(File.Path)!);
        System.IO.File.WriteAllText(File.Path, text);

        var error = Assert.Throws<CommandException>(() => File.Read());

        Assert.Contains(File.Path, error.Message, StringComparison.Ordinal);
        Assert.NotNull(error.Hint);
    }

    [Fact]
    public void A_data_folder_tells_how_to_talk_with_its_plane()
    {
        ServerFile.Write(_scratch.Path, Server("http://127.0.0.1:9", _scratch.Path));

        var found = Connection.Find(null, null, _scratch.Path);

        Assert.Equal(("http://127.0.0.1:9", "mst_secret"), (found.Address, found.Token));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(ServerFile.In(_scratch.Path)));
    }

    [Fact]
    public void A_data_folder_without_a_plane_says_how_to_start_one()
    {
        var error = Assert.Throws<CommandException>(() => Connection.Find(null, null, _scratch.Path));

        Assert.Contains("muster up", error.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hosts_own_data_folder_leaves_the_plane_to_the_environment()
    {
        Assert.Equal("http://plane:7717", Connection.Find(null, "t", _scratch.Path, "http://plane:7717").Address);

        // One whose plane has run there is that plane's, whatever the environment says.
        ServerFile.Write(_scratch.Path, Server("http://127.0.0.1:9", _scratch.Path));
        Assert.Equal("http://127.0.0.1:9", Connection.Find(null, null, _scratch.Path, "http://plane:7717").Address);
    }

    [Fact]
    public void What_is_no_address_is_bad_usage() =>
        Assert.Equal(ExitCodes.BadUsage, Assert.Throws<CommandException>(() => Connection.Find("ftp://x", "t", null)).Code);

    private static KnownServer Server(string address, string data) => new() { Address = address, Token = "mst_secret", Data = data };
}
