using System.Net;
using System.Text.Json;
using Muster.Contracts;
using Muster.Contracts.Security;
using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery.Git;

namespace Muster.ControlPlane.Tests.Work;

/// <summary>Requests with which a fuzz of a hundred thousand found an answer of 500; each is refused or done now.</summary>
public sealed class HostileRequestTests
{
    [Fact]
    public async Task A_gate_that_names_no_epics_is_no_gate()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        var epic = await plane.PostAsync<EpicInfo>(Routes.Epics, new { project = "FLT", title = "one", gate = new { epics = Array.Empty<int>(), percent = 100_000 } });
        Assert.Null(epic.Gate);
    }

    [Fact]
    public async Task A_project_is_deleted_although_a_task_of_another_has_its_parent_there()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        await plane.ProjectAsync("OTH");
        var parent = await plane.TaskAsync("the parent");
        var child = await plane.TaskAsync(new CreateTask { Project = "OTH", Title = "the child", Parent = parent.Key });
        using (var answer = await plane.RawAsync(HttpMethod.Delete, Routes.With(Routes.Project, "FLT"))) Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Null((await plane.ReadTaskAsync(child.Key)).ParentId);
    }

    [Theory]
    [InlineData("[null]")]
    [InlineData("""[{"assignmentId":"a","lease":"b","result":null}]""")]
    public async Task A_hand_in_that_is_none_is_refused(string complete)
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.BeatAsync("a");
        var problem = await plane.RefusedAsync(HttpMethod.Post, Routes.Claims, JsonSerializer.Deserialize<JsonElement>($$"""{"agent":"a","max":1,"complete":{{complete}}}"""));
        Assert.Equal((400, ProblemCodes.Invalid), (problem.Status, problem.Code));
    }

    [Theory]
    [InlineData("""{"name":"t","description":"d","inputSchema":"\ud800"}""")]
    [InlineData("""{"name":"t","description":"d","inputSchema":{"\udc00":1}}""")]
    public async Task Json_that_could_never_be_written_again_is_refused_before_it_is_kept(string tool)
    {
        await using var plane = await TestPlane.StartAsync();
        using (var answer = await plane.RawAsync(HttpMethod.Post, Routes.Tools, tool)) Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        using (var tools = await plane.RawAsync(HttpMethod.Get, Routes.Tools)) Assert.Contains("\"items\":[]", await tools.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_in_json_that_is_no_text_is_refused()
    {
        await using var plane = await TestPlane.StartAsync();
        byte[] body = [.. """{"type":"custom.x","text":"t","data":{"__prot"""u8, 0xff, 0xfe, .. "\":1}}"u8];
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new("application/json");
        using var answer = await plane.Http.PostAsync(Routes.Events, content, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task Token_counts_that_no_sum_could_hold_are_refused_and_sums_go_on()
    {
        await using var plane = await TestPlane.StartAsync();
        var problem = await plane.RefusedAsync(HttpMethod.Post, Routes.ModelUsage, new { provider = "p", model = "m", tokensIn = long.MaxValue, tokensOut = 1, tokensCached = 0 });
        Assert.Equal((400, ProblemCodes.Invalid), (problem.Status, problem.Code));
        for (var i = 0; i < 2; i++)
            using (var taken = await plane.RawAsync(HttpMethod.Post, Routes.ModelUsage, new { provider = "p", model = "m", tokensIn = 1_000_000_000_000, tokensOut = 1_000_000_000_000, tokensCached = 0 })) Assert.Equal(HttpStatusCode.Created, taken.StatusCode);
        foreach (var path in new[] { Routes.Statistics, Routes.ModelCost })
            using (var sums = await plane.RawAsync(HttpMethod.Get, path)) Assert.Equal(HttpStatusCode.OK, sums.StatusCode);
    }

    [Fact]
    public async Task Lists_with_nothing_in_a_place_are_refused()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        await plane.TaskAsync("one");
        await plane.BeatAsync("a");
        var held = Assert.Single(await plane.ClaimAsync("a"));
        foreach (var (path, body) in ((string, string)[])
        [
            (Routes.Tasks, """{"project":"FLT","title":"x","dependsOn":[null]}"""),
            (Routes.Tasks, """{"project":"FLT","title":"x","labels":[null]}"""),
            (Routes.With(Routes.AssignmentComplete, held.Assignment.Id), """{"evidence":[null]}"""),
            (Routes.HostHeartbeat, """{"host":"h","agents":[null]}"""),
            (Routes.HostHeartbeat, """{"host":"h","failed":[null]}"""),
        ])
        {
            var problem = await plane.RefusedAsync(HttpMethod.Post, path, JsonSerializer.Deserialize<JsonElement>(body), held.Lease);
            Assert.True(problem is { Status: 400, Code: ProblemCodes.Invalid }, $"{path} {body}: {problem.Status} {problem.Code}");
        }
    }

    [Fact]
    public async Task An_agent_adds_no_project_that_reaches_outside()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.BeatAsync("a");
        using var agent = plane.Client((await plane.PostAsync<TokenCreated>(Routes.With(Routes.AgentToken, "a"), new { })).Secret);
        foreach (var body in (CreateProject[])[new() { Name = "x", Key = "XXX", Repository = "/home/me/private" }, new() { Name = "x", Key = "XXX", PushBack = true }, new() { Name = "x", Key = "XXX", DeployTo = "dev" }, new() { Name = "x", Key = "XXX", Approval = "auto" }])
            Assert.Equal(ProblemCodes.Forbidden, (await plane.RefusedAsync(HttpMethod.Post, Routes.Projects, body, client: agent)).Code);
    }

    [Fact]
    public async Task An_address_with_a_password_is_refused_and_shown_to_nobody()
    {
        await using var plane = await TestPlane.StartAsync();
        foreach (var address in (string[])["https://me:secret-1@host.example/app", "https://secret-1@host.example/app", "ssh://git:secret-1@host.example/app"])
        {
            var problem = await plane.RefusedAsync(HttpMethod.Post, Routes.Projects, new CreateProject { Name = "x", Key = "XXX", Repository = address });
            Assert.Equal(400, problem.Status);
            Assert.DoesNotContain("secret-1", problem.Detail, StringComparison.Ordinal);
            Assert.DoesNotContain("secret-1", RepositoryAddress.Shown(address), StringComparison.Ordinal);
        }

        Assert.Equal("ssh://git@host.example/app", RepositoryAddress.Shown("ssh://git@host.example/app"));
        Assert.Equal("git@host.example:app", RepositoryAddress.Shown("git@host.example:app"));
    }

    [Theory]
    [InlineData(101)]
    [InlineData(-1)]
    public async Task Progress_that_is_no_part_of_a_hundred_is_refused_to_the_holder_as_well(int percent)
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        await plane.TaskAsync("one");
        await plane.BeatAsync("a");
        var held = Assert.Single(await plane.ClaimAsync("a"));
        foreach (var path in new[] { Routes.With(Routes.AssignmentProgress, held.Assignment.Id), Routes.With(Routes.TaskProgress, held.Task.Id) })
        {
            var problem = await plane.RefusedAsync(HttpMethod.Patch, path, new AssignmentProgress { PercentComplete = percent, Note = "far" }, held.Lease);
            Assert.Equal((400, ProblemCodes.Invalid), (problem.Status, problem.Code));
        }

        Assert.Equal(0, (await plane.ReadTaskAsync(held.Task.Key)).PercentComplete);
    }
}
