using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Muster.Runner.Git;

namespace Muster.Runner.Tests.Workspaces;

public sealed class GitOverHttpTests : IAsyncLifetime
{
    private readonly ConcurrentQueue<string> _credentials = new();
    private readonly TempFolder _folder = new();
    private WebApplication _server = null!;
    private int _status = 403;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        _server = builder.Build();
        _server.Urls.Add("http://127.0.0.1:0");
        _server.MapFallback((HttpContext http) =>
        {
            _credentials.Enqueue(http.Request.Headers.Authorization.ToString());
            http.Response.StatusCode = _status;
            if (_status == 302) http.Response.Headers.Location = "http://127.0.0.1:1/elsewhere.git/info/refs?service=git-upload-pack";
            return Task.CompletedTask;
        });
        await _server.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(409)]
    public async Task The_lease_is_the_password_and_its_refusal_is_known_as_such(int status)
    {
        _status = status;
        var error = await Assert.ThrowsAsync<GitException>(LsRemoteAsync);
        Assert.Equal(GitFailure.Refused, error.Failure);
        Assert.Equal("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("muster:mls_secret")), _credentials.First());
        Assert.DoesNotContain("mls_secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_lease_does_not_follow_a_redirect()
    {
        _status = 302;
        var error = await Assert.ThrowsAsync<GitException>(LsRemoteAsync);
        Assert.DoesNotContain("127.0.0.1:1", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    public async Task A_server_that_breaks_is_tried_again_rather_than_blamed_on_the_lease(int status)
    {
        _status = status;
        Assert.Equal(GitFailure.Unreachable, (await Assert.ThrowsAsync<GitException>(LsRemoteAsync)).Failure);
    }

    private Task<string> LsRemoteAsync()
    {
        var remote = new GitRemote($"{_server.Urls.First()}/git/p.git", "mls_secret");
        return GitProgram.RunAsync(_folder.Path, ["ls-remote", remote.Url], new GitOptions { Remote = remote }, default);
    }
}
