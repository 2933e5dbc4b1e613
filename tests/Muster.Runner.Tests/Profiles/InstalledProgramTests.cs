using Muster.Runner.Profiles;

namespace Muster.Runner.Tests.Profiles;

/// <summary>What doctor knows of coding programs.</summary>
public sealed class InstalledProgramTests : IDisposable
{
    private readonly TempFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task A_program_on_the_path_is_found_with_its_version_and_whether_it_is_signed_in()
    {
        Program("claude", "echo '2.1.0 (Claude Code)'; echo more");
        Assert.Equal(("2.1.0 (Claude Code)", false), await FindAsync("claude-code"));
        _home.File(".claude/.credentials.json", "{}");
        Assert.Equal(("2.1.0 (Claude Code)", true), await FindAsync("claude-code"));
    }

    [Theory]
    [InlineData("exit 3")]
    [InlineData("true")]
    public async Task A_program_that_does_not_say_its_version_is_there_all_the_same(string script)
    {
        var path = Program("codex", script);
        var found = await InstalledProgram.FindAsync(ProfileCatalog.Find("codex")!, Environment(), default);
        Assert.Equal(path, found.Path);
        Assert.Null(found.Version);
        Assert.True(found.Usable);
    }

    [Fact]
    public async Task What_is_not_installed_is_said_with_how_to_get_it()
    {
        var found = await InstalledProgram.FindAsync(ProfileCatalog.Find("opencode")!, Environment(), default);
        Assert.Null(found.Path);
        Assert.False(found.Usable);
        Assert.Equal("npm install --global opencode-ai", found.Install);
    }

    private async Task<(string? Version, bool SignedIn)> FindAsync(string name)
    {
        var found = await InstalledProgram.FindAsync(ProfileCatalog.Find(name)!, Environment(), default);
        return (found.Version, found.SignedIn);
    }

    private Dictionary<string, string> Environment() => new() { ["HOME"] = _home.Path, ["PATH"] = _home.Path };

    private string Program(string name, string script)
    {
        var path = _home.File(name, $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
