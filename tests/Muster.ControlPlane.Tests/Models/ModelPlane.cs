using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Muster.Conformance.Models;
using Muster.Contracts;
using Muster.Contracts.Models;
using Muster.Contracts.Work;
using Muster.ControlPlane.Models.Calling;
using Muster.ControlPlane.Models.Gateway;
using Muster.Integrations.OpenAi;

namespace Muster.ControlPlane.Tests.Models;

/// <summary>A plane that may ask two scripted providers, on the route <c>smart</c>, at known prices.</summary>
public sealed class ModelPlane : IAsyncDisposable
{
    private const string Chat = "/llm/openai/v1/chat/completions";

    private ModelPlane(TestPlane plane, ScriptedModel first, ScriptedModel second) => (Plane, First, Second) = (plane, first, second);

    public TestPlane Plane { get; }
    public ScriptedModel First { get; }
    public ScriptedModel Second { get; }

    public static async Task<ModelPlane> StartAsync(string? folder = null, IReadOnlyList<string>? roles = null)
    {
        var (first, second) = (await ScriptedModel.StartAsync(_ => ScriptedTurn.Say("It is done.")), await ScriptedModel.StartAsync(_ => ScriptedTurn.Say("It is done.")));
        folder ??= Directory.CreateTempSubdirectory("muster-models-").FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "models.yaml"),
            $$"""
            providers:
              first: { kind: openai, server: "{{first.Address}}v1" }
              second: { kind: openai, server: "{{second.Address}}v1" }
            routes:
              smart: [first/scripted-1, second/scripted-1]
              nameless: [first/nobody-knows]
            """);
        await File.WriteAllTextAsync(Path.Combine(folder, "prices.yaml"), "date: \"2026-11-21\"\nmodels:\n  \"*/scripted-1\": {in: 10, out: 100}\n");
        var setup = ModelSetup.Read(new ModelSources([Path.Combine(folder, "models.yaml")], _ => "key-of-the-provider", _ => null), new ProviderKinds().AddOpenAi());
        var plane = await TestPlane.StartAsync(folder, services => services.AddModelCalling(setup),
            new ControlPlaneOptions { DataFolder = folder, RoleFolders = [.. roles ?? [], Path.Combine(Repository.Root, "fleet", "roles")], PriceFiles = [Path.Combine(folder, "prices.yaml")] });
        return new ModelPlane(plane, first, second);
    }

    /// <summary>A task in the hands of an agent.</summary>
    public async Task<ClaimedTask> HoldAsync(string agent = "ada", string project = "FLT")
    {
        await Plane.BeatAsync(agent);
        await Plane.TaskAsync($"work of {agent}", project);
        return Assert.Single(await Plane.ClaimAsync(agent));
    }

    public static JsonObject Say(string text, int maxTokens = 100, string model = "smart", bool stream = false) => new()
    {
        ["model"] = model,
        ["max_tokens"] = maxTokens,
        ["stream"] = stream,
        ["messages"] = new JsonArray { new JsonObject { ["role"] = "user", ["content"] = text } },
    };

    public Task<Answer> AskAsync(string key, JsonObject body, CancellationToken ct = default) => SendAsync(key, Chat, body, ct);

    public async Task<Answer> SendAsync(string key, string path, JsonObject body, CancellationToken ct = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var client = new HttpClient { BaseAddress = Plane.Address };
        using var response = await client.SendAsync(request, ct);
        return new Answer(response.StatusCode, response.Headers.TryGetValues(LlmApi.ProblemHeader, out var codes) ? codes.First() : null, await response.Content.ReadAsStringAsync(ct));
    }

    public async Task<IReadOnlyList<ModelUsageInfo>> LedgerAsync() => (await Plane.GetAsync<Page<ModelUsageInfo>>(Routes.ModelUsage + "?limit=200")).Items;

    public Task<BudgetInfo> BudgetAsync(CreateBudget budget) => Plane.PostAsync<BudgetInfo>(Routes.Budgets, budget);

    public async ValueTask DisposeAsync()
    {
        await Plane.DisposeAsync();
        await First.DisposeAsync();
        await Second.DisposeAsync();
        if (Directory.Exists(Plane.Folder)) Directory.Delete(Plane.Folder, recursive: true);
    }
}

public sealed record Answer(HttpStatusCode Status, string? Code, string Text)
{
    public string Said => JsonNode.Parse(Text)!["choices"]![0]!["message"]!["content"]!.GetValue<string>();

    public string Error => JsonSerializer.Deserialize<JsonElement>(Text).GetProperty("error").GetProperty("message").GetString()!;
}
