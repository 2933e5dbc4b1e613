using System.Net;
using System.Net.WebSockets;
using Microsoft.Extensions.DependencyInjection;
using Muster.Conformance.Servers;
using Muster.Contracts;
using Muster.Contracts.Security;
using Muster.Contracts.Work;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Tests.Security;

/// <summary>What stays open under a token ends with it (B9): who is not let in any more hears nothing more either.</summary>
[Trait("req", "B9")]
public sealed class LastingTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(Scopes.Viewer, Routes.EventStream)]
    [InlineData(Scopes.Maintainer, Routes.BusStream + "?subject=agents.FLT.*")]
    public async Task A_stream_ends_with_the_token_that_opened_it(string scope, string path)
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        var token = await TokenAsync(plane, scope);
        using var client = plane.Client(token.Secret);
        using var stream = await OpenAsync(client, path);

        await plane.RawAsync(HttpMethod.Delete, Routes.With(Routes.Token, token.Token.Id));

        await EndsAsync(stream);
        using var again = await client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.Unauthorized, again.StatusCode);
    }

    [Fact]
    public async Task A_socket_ends_with_the_token_that_opened_it()
    {
        await using var plane = await TestPlane.StartAsync();
        var token = await TokenAsync(plane, Scopes.Viewer);
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("muster");
        socket.Options.AddSubProtocol(token.Secret);
        await socket.ConnectAsync(new Uri($"ws://{plane.Address.Authority}{Routes.WebSocket}"), default);

        await plane.RawAsync(HttpMethod.Delete, Routes.With(Routes.Token, token.Token.Id));

        using var limit = new CancellationTokenSource(Patience);
        await Assert.ThrowsAsync<WebSocketException>(async () =>
        {
            while (true) await socket.ReceiveAsync(new byte[4096], limit.Token);
        });
    }

    [Fact]
    public async Task A_stream_ends_when_its_token_expires()
    {
        await using var plane = await TestPlane.StartAsync();
        var token = await plane.Services.GetRequiredService<TokenDirectory>().CreateAsync("short", Scopes.Viewer, null, TimeSpan.FromSeconds(2), default);
        using var client = plane.Client(token.Secret);
        using var stream = await OpenAsync(client, Routes.EventStream);

        await EndsAsync(stream);
    }

    [Fact]
    public async Task An_agent_whose_token_is_revoked_is_given_nothing_it_still_waits_for()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        await plane.BeatAsync("ada");
        var token = await plane.PostAsync<TokenCreated>(Routes.With(Routes.AgentToken, "ada"));
        using var client = plane.Client(token.Secret);
        var waiting = plane.RawAsync(HttpMethod.Post, Routes.Claims, new ClaimRequest { Agent = "ada", WaitSeconds = 60 }, client: client);
        var waiters = plane.Services.GetRequiredService<ReadyWaiters>();
        await Until.HoldsAsync(() => waiters.Count == 1, Patience);

        await plane.RawAsync(HttpMethod.Delete, Routes.With(Routes.Token, token.Token.Id));
        await Until.HoldsAsync(() => waiters.Count == 0, Patience);
        await plane.TaskAsync("Not for ada");

        using var answer = await waiting.WaitAsync(Patience);
        Assert.DoesNotContain("Not for ada", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(TaskState.Pending, (await plane.ReadTaskAsync("FLT-1")).Status);
    }

    [Fact]
    public async Task Who_listens_with_a_lease_hears_nothing_more_when_it_is_lost()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        await plane.BeatAsync("ada");
        await plane.TaskAsync("One");
        var held = (await plane.ClaimAsync("ada")).Single();
        using var client = plane.Client(plane.OwnerToken);
        client.DefaultRequestHeaders.Add(Wire.LeaseHeader, held.Lease);
        using var stream = await OpenAsync(client, Routes.BusStream + "?subject=agents.FLT.*");

        await plane.CompleteAsync(held);

        // At the next sign of life, a quarter of a minute after the last.
        await EndsAsync(stream);
    }

    private static Task<TokenCreated> TokenAsync(TestPlane plane, string scope) =>
        plane.PostAsync<TokenCreated>(Routes.Tokens, new CreateToken { Name = "one", Scope = scope });

    private static async Task<StreamReader> OpenAsync(HttpClient client, string path)
    {
        var reader = new StreamReader(await client.GetStreamAsync(path));
        // What is said first: from here on it is open.
        Assert.NotNull(await reader.ReadLineAsync());
        return reader;
    }

    /// <summary>Reads to the end, which is a cut or an end in good order.</summary>
    private static async Task EndsAsync(StreamReader stream)
    {
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            while (await stream.ReadLineAsync(limit.Token) is not null)
            {
            }
        }
        catch (Exception cut) when (cut is IOException or HttpRequestException)
        {
            return;
        }
    }
}
