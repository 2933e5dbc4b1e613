using System.Net;
using System.Text.Json;
using Dapper;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Fleet;
using Muster.Contracts.Security;
using Muster.Contracts.Work;

namespace Muster.ControlPlane.Tests;

/// <summary>Bad input gets a 4xx with a stable code and a sentence, and changes nothing.</summary>
public sealed class BadInputTests
{
    [Fact]
    public async Task Every_kind_of_bad_request_is_refused_with_its_code_and_leaves_no_trace()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        var task = await plane.TaskAsync("one");
        var before = await LastEventAsync(plane);
        (HttpMethod, string, object?, int, string)[] requests =
        [
            (HttpMethod.Post, Routes.Tasks, new CreateTask { Project = "FLT", Title = new string('x', 501) }, 400, ProblemCodes.Invalid),
            (HttpMethod.Post, Routes.Tasks, new CreateTask { Project = "FLT", Title = new string('x', 10_000_000) }, 400, ProblemCodes.Invalid),
            (HttpMethod.Post, Routes.Tasks, new CreateTask { Project = "FLT", Title = "  " }, 400, ProblemCodes.Invalid),
            (HttpMethod.Post, Routes.Tasks, new CreateTask { Project = "FLT", Title = "bell \a" }, 400, ProblemCodes.Invalid),
            (HttpMethod.Post, Routes.Tasks, new CreateTask { Project = "FLT", Title = "x", Priority = 6 }, 400, ProblemCodes.Invalid),
            (HttpMethod.Post, Routes.Tasks, new CreateTask { Project = "FLT", Title = "x", Role = "wizard" }, 400, ProblemCodes.UnknownRole),
            (HttpMethod.Post, Routes.Tasks, new CreateTask { Project = "NONE", Title = "x" }, 404, ProblemCodes.NotFound),
            (HttpMethod.Post, Routes.Tasks, new CreateTask { Project = "FLT", Title = "x", DependsOn = ["FLT-99"] }, 404, ProblemCodes.NotFound),
            (HttpMethod.Post, Routes.Tasks, new CreateTask { Project = "FLT", Title = "x", Epic = 9 }, 404, ProblemCodes.NotFound),
            (HttpMethod.Post, Routes.Tasks, "{\"project\":\"FLT\"", 400, ProblemCodes.Invalid),
            (HttpMethod.Post, Routes.Tasks, "{\"project\":\"FLT\"}", 400, ProblemCodes.Invalid),
            (HttpMethod.Post, Routes.Tasks, "{\"project\":null,\"title\":\"x\"}", 400, ProblemCodes.Invalid),
            (HttpMethod.Post, Routes.Tasks, "{\"project\":\"FLT\",\"title\":{\"a\":1}}", 400, ProblemCodes.Invalid),
            (HttpMethod.Post, Routes.Tasks, new string('[', 1000), 400, ProblemCodes.Invalid),
            (HttpMethod.Post, Routes.Projects, new CreateProject { Name = "again", Key = "FLT" }, 409, ProblemCodes.Duplicate),
            (HttpMethod.Post, Routes.Projects, new CreateProject { Name = "x", Key = "a b" }, 400, ProblemCodes.Invalid),
            (HttpMethod.Post, Routes.Projects, new CreateProject { Name = "x", LeaseSeconds = 0 }, 400, ProblemCodes.Invalid),
            (HttpMethod.Post, Routes.Claims, new ClaimRequest { Agent = "nobody" }, 404, ProblemCodes.NotFound),
            (HttpMethod.Post, Routes.Claims, new ClaimRequest { Agent = "nobody", Max = 0 }, 400, ProblemCodes.Invalid),
            (HttpMethod.Post, Routes.AgentHeartbeat, new HeartbeatRequest { Agent = "../../etc" }, 400, ProblemCodes.Invalid),
            (HttpMethod.Post, Routes.Agents, new CreateAgent { Name = "x", Definition = new AgentDefinition { Executor = "magic" } }, 400, ProblemCodes.Invalid),
            (HttpMethod.Post, Routes.Events, new CreateEvent { Type = "task.completed", Text = "a lie" }, 400, ProblemCodes.Invalid),
            (HttpMethod.Post, Routes.PlanImport, new PlanRequest { Project = "FLT", Markdown = "## Epic 1: x\n- [ ] 1.1 a, after 1.2\n- [ ] 1.2 b, after 1.1\n" }, 400, ProblemCodes.Invalid),
            (HttpMethod.Post, Routes.With(Routes.TaskRetry, task.Key), null, 409, ProblemCodes.WrongState),
            (HttpMethod.Post, Routes.With(Routes.TaskRetry, "FLT-77"), null, 404, ProblemCodes.NotFound),
            (HttpMethod.Get, "/api/tasks?status=lost", null, 400, ProblemCodes.Invalid),
            (HttpMethod.Get, "/api/tasks?limit=0", null, 400, ProblemCodes.Invalid),
            (HttpMethod.Get, "/api/tasks?limit=abc", null, 400, ProblemCodes.Invalid),
            (HttpMethod.Get, "/api/tasks?cursor=%25%25", null, 400, ProblemCodes.Invalid),
            (HttpMethod.Get, "/api/tasks/';DROP TABLE tasks;--", null, 404, ProblemCodes.NotFound),
            (HttpMethod.Get, "/api/nothing", null, 404, ProblemCodes.NotFound),
            (HttpMethod.Put, Routes.Tasks, "{}", 405, ProblemCodes.Invalid),
            (HttpMethod.Delete, "/api/events/1", null, 405, ProblemCodes.Invalid),
        ];
        foreach (var (method, path, body, status, code) in requests)
        {
            var problem = await plane.RefusedAsync(method, path, body);
            Assert.True((status, code) == (problem.Status, problem.Code), $"{method} {path}: {problem.Status} {problem.Code} {problem.Detail}");
            Assert.False(string.IsNullOrWhiteSpace(problem.Detail));
            Assert.DoesNotContain("   at ", problem.Detail, StringComparison.Ordinal);
        }

        Assert.Equal(before, await LastEventAsync(plane));
    }

    [Fact]
    public async Task A_body_beyond_every_limit_is_refused_without_being_read()
    {
        await using var plane = await TestPlane.StartAsync();
        using var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, plane.Address.Port);
        await using var stream = socket.GetStream();
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(
            $"POST {Routes.Tasks} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {plane.OwnerToken}\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n"));
        using var reader = new StreamReader(stream);
        Assert.StartsWith("HTTP/1.1 413 ", await reader.ReadLineAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_opens_what_its_scope_says_and_nothing_once_revoked()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        await plane.BeatAsync("mine");
        await plane.BeatAsync("other");
        var viewer = await plane.PostAsync<TokenCreated>(Routes.Tokens, new CreateToken { Name = "v", Scope = Scopes.Viewer });
        var agent = await plane.PostAsync<TokenCreated>(Routes.With(Routes.AgentToken, "mine"));
        using var asViewer = plane.Client(viewer.Secret);
        using var asAgent = plane.Client(agent.Secret);
        using var asNobody = plane.Client("mst_" + new string('a', 32));

        Assert.Equal(HttpStatusCode.OK, (await asViewer.GetAsync(Routes.Tasks)).StatusCode);
        Assert.Equal(ProblemCodes.Forbidden, (await plane.RefusedAsync(HttpMethod.Post, Routes.Tasks, new CreateTask { Project = "FLT", Title = "x" }, client: asViewer)).Code);
        Assert.Equal(ProblemCodes.Forbidden, (await plane.RefusedAsync(HttpMethod.Post, Routes.Tokens, new CreateToken { Name = "x", Scope = Scopes.Owner }, client: asAgent)).Code);
        Assert.Equal(ProblemCodes.Forbidden, (await plane.RefusedAsync(HttpMethod.Post, Routes.Claims, new ClaimRequest { Agent = "other" }, client: asAgent)).Code);
        Assert.Equal(ProblemCodes.Forbidden, (await plane.RefusedAsync(HttpMethod.Post, Routes.AgentHeartbeat, new HeartbeatRequest { Agent = "other" }, client: asAgent)).Code);
        Assert.Equal(ProblemCodes.Unauthenticated, (await plane.RefusedAsync(HttpMethod.Get, Routes.Tasks, client: asNobody)).Code);

        await plane.RawAsync(HttpMethod.Delete, Routes.With(Routes.Token, viewer.Token.Id));
        Assert.Equal(ProblemCodes.Unauthenticated, (await plane.RefusedAsync(HttpMethod.Get, Routes.Tasks, client: asViewer)).Code);
        var kept = await plane.Store.ReadAsync(c => c.QueryAsync("SELECT * FROM tokens"));
        Assert.DoesNotContain(viewer.Secret, JsonSerializer.Serialize(kept), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_name_in_the_host_header_is_refused_and_every_answer_carries_the_security_headers()
    {
        await using var plane = await TestPlane.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, Routes.Tasks);
        request.Headers.Host = "evil.example";
        Assert.Equal(421, (int)(await plane.Http.SendAsync(request)).StatusCode);
        using var preflight = new HttpRequestMessage(HttpMethod.Options, Routes.Tasks);
        preflight.Headers.Add("Origin", "https://evil.example");
        preflight.Headers.Add("Access-Control-Request-Method", "GET");
        using var answer = await plane.Http.SendAsync(preflight);
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
        using var page = await plane.Http.GetAsync(Routes.Health);
        Assert.Equal("nosniff", page.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Contains("default-src 'none'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        using var absent = await plane.Http.GetAsync("/api/tasks/none");
        Assert.Equal(404, (int)absent.StatusCode);
        Assert.Equal("nosniff", absent.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Contains("default-src 'none'", absent.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        using var wrong = await plane.Http.DeleteAsync(Routes.Health);
        Assert.Equal(405, (int)wrong.StatusCode);
        Assert.Contains("GET", wrong.Content.Headers.Allow);
    }

    private static async Task<long> LastEventAsync(TestPlane plane) => (await plane.GetAsync<Page<EventInfo>>("/api/events?limit=500")).Items[^1].Seq;
}
