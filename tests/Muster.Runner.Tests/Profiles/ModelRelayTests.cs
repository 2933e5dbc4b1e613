using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Muster.Conformance.Models;
using Muster.Runner.Executors;
using Muster.Runner.Profiles;

namespace Muster.Runner.Tests.Profiles;

/// <summary>What stands between a program of others and the gateway (B7: no agent holds a credential).</summary>
public sealed class ModelRelayTests
{
    private static readonly object Question = new { model = "smart", messages = new[] { new { role = "user", content = "hi" } } };

    [Fact]
    public async Task The_lease_takes_the_place_of_the_programs_key()
    {
        await using var model = await ScriptedModel.StartAsync(_ => ScriptedTurn.Say("Hello."));
        model.Keys = new HashSet<string> { "mls_lease" };
        await using var relay = await StartAsync(model);
        using var http = Client(relay);
        using var answer = await http.PostAsJsonAsync("llm/openai/v1/chat/completions?beta=true", Question);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("Hello.", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.EndsWith("?beta=true", model.Journal.Entries.Single().Path, StringComparison.Ordinal);
        Assert.NotEqual("mls_lease", relay.Access.Key);
    }

    [Theory]
    [InlineData("llm/openai/v1/models", false, HttpStatusCode.Unauthorized)]
    [InlineData("api/tasks", true, HttpStatusCode.NotFound)]
    [InlineData("llm/../api/tasks", true, HttpStatusCode.NotFound)]
    [InlineData("git/project.git", true, HttpStatusCode.NotFound)]
    [InlineData("llm/openai/v1/models", true, HttpStatusCode.OK)]
    public async Task Only_its_own_program_gets_through_and_only_to_models(string path, bool withKey, HttpStatusCode status)
    {
        await using var model = await ScriptedModel.StartAsync();
        await using var relay = await StartAsync(model);
        using var http = Client(relay);
        if (!withKey) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "mls_lease");
        using var answer = await http.GetAsync(path);
        Assert.Equal(status, answer.StatusCode);
        Assert.Equal(status == HttpStatusCode.OK ? 1 : 0, model.Journal.Entries.Count);
    }

    [Fact]
    public async Task Bytes_are_passed_on_as_they_come_and_a_cut_answer_is_cut_for_the_program_too()
    {
        await using var model = await ScriptedModel.StartAsync(_ => ScriptedTurn.Say("one two three"));
        var hold = new TaskCompletionSource();
        model.Fault = _ => ScriptedFault.HoldAt(2, hold.Task);
        await using var relay = await StartAsync(model);
        using var http = Client(relay);
        using var request = new HttpRequestMessage(HttpMethod.Post, "llm/anthropic/v1/messages") { Content = JsonContent.Create(new { model = "smart", stream = true, messages = Array.Empty<object>() }) };
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await using var body = await answer.Content.ReadAsStreamAsync();
        var buffer = new byte[64];
        Assert.True(await body.ReadAsync(buffer) > 0);
        model.Down = true;
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            while (await body.ReadAsync(buffer) > 0)
            {
            }
        });
        Assert.Null(relay.Refusal);
    }

    [Fact]
    public async Task A_short_absence_of_all_providers_is_waited_out_and_a_long_one_is_the_end()
    {
        await using var model = await ScriptedModel.StartAsync(_ => ScriptedTurn.Say("Back."));
        var left = 2;
        model.Fault = _ => Interlocked.Decrement(ref left) >= 0 ? Problem(503, "provider_down") : null;
        await using (var relay = await StartAsync(model))
        {
            using var http = Client(relay);
            using var answer = await http.PostAsJsonAsync("llm/openai/v1/chat/completions", Question);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Null(relay.Refusal);
            Assert.Equal(3, model.Journal.Calls.Count);
        }

        left = int.MaxValue;
        await using (var relay = await StartAsync(model, patience: TimeSpan.Zero))
        {
            using var http = Client(relay);
            using var answer = await http.PostAsJsonAsync("llm/openai/v1/chat/completions", Question);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            await Until.TrueAsync(() => relay.Refused.IsCancellationRequested, "the end is known");
            Assert.Equal(new ModelRefusal("provider_down", "Because."), relay.Refusal);
        }
    }

    [Theory]
    [InlineData("budget", true)]
    [InlineData("models_off", true)]
    [InlineData("lease_lost", true)]
    [InlineData("invalid", false)]
    public async Task Only_what_no_other_question_could_mend_ends_the_attempt(string code, bool ends)
    {
        await using var model = await ScriptedModel.StartAsync();
        model.Fault = _ => Problem(400, code, retryAfter: 90);
        await using var relay = await StartAsync(model);
        using var http = Client(relay);
        using var answer = await http.PostAsJsonAsync("llm/openai/v1/chat/completions", Question);
        Assert.Contains("Because.", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        if (ends) await Until.TrueAsync(() => relay.Refused.IsCancellationRequested, "the end is known");
        Assert.Equal(ends ? new ModelRefusal(code, "Because.", TimeSpan.FromSeconds(90)) : null, relay.Refusal);
    }

    private static ScriptedFault Problem(int status, string code, int? retryAfter = null)
    {
        var headers = new Dictionary<string, string> { ["Muster-Problem"] = code };
        if (retryAfter is { } seconds) headers["Retry-After"] = $"{seconds}";
        return new ScriptedFault { Status = status, Message = "Because.", Headers = headers };
    }

    private static Task<ModelRelay> StartAsync(ScriptedModel model, TimeSpan? patience = null) =>
        ModelRelay.StartAsync(new ModelAccess(model.Address, "mls_lease"), patience ?? TimeSpan.FromSeconds(60), TimeProvider.System);

    private static HttpClient Client(ModelRelay relay)
    {
        var http = new HttpClient { BaseAddress = relay.Access.Server };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", relay.Access.Key);
        return http;
    }
}
