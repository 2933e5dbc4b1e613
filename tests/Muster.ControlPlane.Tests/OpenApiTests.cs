using System.Text.Json;
using Muster.Client;
using Muster.Contracts;

namespace Muster.ControlPlane.Tests;

/// <summary>Adding an endpoint means adding an SDK method: the document and the client are compared by name.</summary>
public sealed class OpenApiTests
{
    [Fact]
    public async Task Every_operation_has_a_method_of_the_SDK_and_the_other_way_round()
    {
        await using var plane = await TestPlane.StartAsync();
        var operations = Operations(await plane.GetAsync<JsonElement>("/openapi/v1.json")).Select(o => o.Id).ToHashSet(StringComparer.Ordinal);
        var methods = typeof(MusterClient).GetMethods().Where(m => m.DeclaringType == typeof(MusterClient)).Select(m => m.Name).ToHashSet(StringComparer.Ordinal);
        Assert.Empty(operations.Where(o => !methods.Contains(o + "Async")));
        Assert.True(operations.Count > 90, $"Only {operations.Count} operations are described.");
    }

    /// <summary>The paths of requirement C2, exactly.</summary>
    [Fact]
    public async Task The_paths_that_C2_names_are_there()
    {
        await using var plane = await TestPlane.StartAsync();
        var paths = Operations(await plane.GetAsync<JsonElement>("/openapi/v1.json")).Select(o => $"{o.Method} {o.Path}").ToHashSet(StringComparer.Ordinal);
        string[] wanted =
        [
            "GET /api/tasks", "GET /api/tasks/{id}", "GET /api/tasks/ready/list", "PATCH /api/tasks/{id}/progress", "PATCH /api/tasks/{id}/git",
            "GET /api/agents", "GET /api/agents/{id}", "POST /api/agents/heartbeat", "POST /api/agents/{id}/deactivate",
            "GET /api/assignments", "POST /api/assignments", "PATCH /api/assignments/{id}/progress",
            "GET /api/progress/summary", "GET /api/progress/agents", "POST /api/progress/snapshot", "GET /api/progress/history/{projectId}",
            "GET /api/git/merge-queue", "GET /api/git/branches", "POST /api/git/evidence", "GET /api/git/evidence/{taskId}", "GET /health",
        ];
        Assert.Empty(wanted.Except(paths));
    }

    /// <summary>What is null is left out of answers, so it may not be described as always there.</summary>
    [Fact]
    public async Task What_may_be_null_is_not_required_and_what_may_not_is()
    {
        await using var plane = await TestPlane.StartAsync();
        var result = (await plane.GetAsync<JsonElement>("/openapi/v1.json")).GetProperty("components").GetProperty("schemas").GetProperty("ToolTestResult");
        Assert.Equal(["name", "passed", "milliseconds"], result.GetProperty("required").EnumerateArray().Select(name => name.GetString()));
    }

    /// <summary>Nothing but health and the description itself answers without a token.</summary>
    [Fact]
    public async Task Every_operation_but_health_refuses_a_caller_without_a_token()
    {
        await using var plane = await TestPlane.StartAsync();
        using var stranger = new HttpClient { BaseAddress = plane.Address };
        foreach (var (method, path, _) in Operations(await plane.GetAsync<JsonElement>("/openapi/v1.json")).Where(o => !o.Path.StartsWith("/health", StringComparison.Ordinal)))
        {
            var problem = await plane.RefusedAsync(new HttpMethod(method), path.Replace("{", "", StringComparison.Ordinal).Replace("}", "", StringComparison.Ordinal), method == "GET" ? null : "{}", client: stranger);
            Assert.Equal((401, ProblemCodes.Unauthenticated), (problem.Status, problem.Code));
        }
    }

    private static IEnumerable<(string Method, string Path, string Id)> Operations(JsonElement document) =>
        from path in document.GetProperty("paths").EnumerateObject()
        from operation in path.Value.EnumerateObject()
        select (operation.Name.ToUpperInvariant(), path.Name, operation.Value.GetProperty("operationId").GetString()!);
}
