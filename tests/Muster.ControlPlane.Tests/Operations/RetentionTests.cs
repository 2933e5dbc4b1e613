using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Tools;
using Muster.Contracts.Work;
using Muster.ControlPlane.Operations;

namespace Muster.ControlPlane.Tests.Operations;

/// <summary>Nothing is kept without bound, and nothing goes before its time (B11).</summary>
[Trait("req", "B11")]
public sealed class RetentionTests
{
    [Fact]
    public async Task What_is_older_than_its_days_goes_and_nothing_else()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        await plane.BeatAsync("a1");
        var settled = await plane.TaskAsync("settled");
        var open = await plane.TaskAsync("open");
        foreach (var task in (TaskInfo[])[settled, open])
        {
            await plane.PostAsync<TaskUpdateInfo>(Routes.With(Routes.TaskUpdates, task.Key), new AddTaskUpdate { Text = "a word" });
            await PutAsync(plane, "of " + task.Key, task.Id);
        }

        await PutAsync(plane, "of nobody", null);
        await plane.CompleteAsync((await plane.ClaimAsync("a1"))[0]);
        Assert.Equal(TaskState.Done, (await plane.ReadTaskAsync(settled.Key)).Status);

        plane.Clock.Advance(TimeSpan.FromDays(29));
        await TidyAsync(plane);
        Assert.Equal((2, 3, 3), (await CountAsync(plane, "task_updates"), await CountAsync(plane, "artifacts"), Files(plane)));

        plane.Clock.Advance(TimeSpan.FromDays(2));
        await PutAsync(plane, "young", settled.Id);
        await TidyAsync(plane);
        Assert.Equal((1, 2, 2), (await CountAsync(plane, "task_updates"), await CountAsync(plane, "artifacts"), Files(plane)));
        Assert.Equal(["of FLT-2", "young"], await NamesAsync(plane));
        Assert.Equal("a word", Assert.Single((await plane.GetAsync<Page<TaskUpdateInfo>>(Routes.With(Routes.TaskUpdates, open.Key))).Items).Text);

        // Events stay for 90 days; of those that are older none, of the younger all, and no number between them is missing.
        var written = await plane.Store.ReadAsync(c => c.QueryAsync<long>("SELECT seq FROM events ORDER BY seq"));
        Assert.Equal(1, written.First());
        var young = await plane.Store.ReadAsync(c => c.QuerySingleAsync<long>("SELECT MIN(seq) FROM events WHERE type = @type AND text LIKE '%young%'", new { type = EventTypes.ArtifactStored }));
        plane.Clock.Advance(TimeSpan.FromDays(60));
        await TidyAsync(plane);
        Assert.Equal(written.Where(seq => seq >= young), await plane.Store.ReadAsync(c => c.QueryAsync<long>("SELECT seq FROM events ORDER BY seq")));
    }

    [Fact]
    public async Task Of_the_log_so_many_stay_as_are_asked_for_however_young_the_others_are()
    {
        var folder = Directory.CreateTempSubdirectory("muster-retention-").FullName;
        try
        {
            await using var plane = await TestPlane.StartAsync(folder, options: new ControlPlaneOptions { DataFolder = folder, EventsKept = 1000 });
            await plane.Store.WriteAsync(tx =>
            {
                for (var n = 0; n < 1000 + (2 * Retention.Step) + 7; n++) tx.Emit(EventTypes.TaskCreated, $"number {n}");
            });
            await TidyAsync(plane);
            Assert.Equal(1000, await CountAsync(plane, "events"));
            Assert.Equal(999, await plane.Store.ReadAsync(c => c.QuerySingleAsync<long>("SELECT MAX(seq) - MIN(seq) FROM events")));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task More_than_a_step_goes_at_once()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.Store.WriteAsync(tx =>
        {
            for (var n = 0; n < (2 * Retention.Step) + 7; n++)
            {
                tx.Execute("INSERT INTO tokens (id, name, scope, hash, created_at, revoked_at) VALUES (@id, 'old', 'viewer', @id, @Now, @Now)", new { id = $"t{n}", tx.Now });
                tx.Execute("INSERT INTO idempotency (principal, key, request, response, at) VALUES ('p', @key, '', '', @Now)", new { key = $"k{n}", tx.Now });
            }
        });
        var kept = await CountAsync(plane, "tokens") - ((2 * Retention.Step) + 7);
        plane.Clock.Advance(TimeSpan.FromDays(31));
        await TidyAsync(plane);
        Assert.Equal((kept, 0), (await CountAsync(plane, "tokens"), await CountAsync(plane, "idempotency")));
    }

    /// <summary>Content stands once for all who stored it: whoever stores it again while another's goes must find it afterwards.</summary>
    [Fact]
    public async Task Who_stores_the_same_content_while_the_last_of_it_is_deleted_finds_it()
    {
        await using var plane = await TestPlane.StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async n =>
        {
            for (var round = 0; round < 25; round++)
            {
                using var stored = await SendAsync(plane, "the same", null);
                // Rarely: it was removed at this moment. Then nobody was told that it is kept.
                if (stored.StatusCode == HttpStatusCode.ServiceUnavailable) continue;
                var artifact = JsonSerializer.Deserialize<ArtifactInfo>(await stored.Content.ReadAsStringAsync(), Wire.Json)!;
                Assert.Equal("the same", await plane.Http.GetStringAsync(Routes.With(Routes.ArtifactContent, artifact.Id)));
                using var deleted = await plane.RawAsync(HttpMethod.Delete, Routes.With(Routes.Artifact, artifact.Id));
                Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
            }
        }));
        Assert.Equal((0, 0), (await CountAsync(plane, "artifacts"), Files(plane)));
    }

    [Fact]
    public async Task What_no_row_will_ever_name_is_not_left_on_the_disk()
    {
        await using var plane = await TestPlane.StartAsync();
        using var refused = await SendAsync(plane, "for nobody", "FLT-404");
        Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
        Assert.Equal(0, Files(plane));

        // An upload whose process was killed, and one that is under way.
        var incoming = Path.Combine(plane.Folder, "artifacts", "incoming");
        var dead = Path.Combine(incoming, "dead");
        var alive = Path.Combine(incoming, "alive");
        await File.WriteAllTextAsync(dead, "half");
        await File.WriteAllTextAsync(alive, "half");
        File.SetLastWriteTimeUtc(dead, plane.Clock.GetUtcNow().AddDays(-2).UtcDateTime);
        await TidyAsync(plane);
        Assert.Equal((false, true), (File.Exists(dead), File.Exists(alive)));
    }

    [Fact]
    public async Task Content_that_is_missing_is_said_to_be()
    {
        await using var plane = await TestPlane.StartAsync();
        var artifact = await PutAsync(plane, "lost", null);
        File.Delete(Path.Combine(plane.Folder, "artifacts", artifact.Sha256[..2], artifact.Sha256));
        var problem = await plane.RefusedAsync(HttpMethod.Get, Routes.With(Routes.ArtifactContent, artifact.Id));
        Assert.Equal((404, ProblemCodes.NotFound), (problem.Status, problem.Code));
        Assert.Contains("backup", problem.Detail, StringComparison.Ordinal);
    }

    private static Task TidyAsync(TestPlane plane) => plane.Services.GetRequiredService<Retention>().RunAsync(default);

    private static async Task<int> CountAsync(TestPlane plane, string table) => await plane.Store.ReadAsync(c => c.QuerySingleAsync<int>($"SELECT COUNT(*) FROM {table}"));

    private static Task<IEnumerable<string>> NamesAsync(TestPlane plane) => plane.Store.ReadAsync(c => c.QueryAsync<string>("SELECT name FROM artifacts ORDER BY name"));

    private static int Files(TestPlane plane) => Directory.EnumerateFiles(Path.Combine(plane.Folder, "artifacts"), "*", SearchOption.AllDirectories).Count(f => Path.GetFileName(f).Length == SHA256.HashSizeInBytes * 2);

    private static async Task<ArtifactInfo> PutAsync(TestPlane plane, string name, string? task)
    {
        using var stored = await SendAsync(plane, name, task);
        Assert.Equal(HttpStatusCode.Created, stored.StatusCode);
        return JsonSerializer.Deserialize<ArtifactInfo>(await stored.Content.ReadAsStringAsync(), Wire.Json)!;
    }

    private static Task<HttpResponseMessage> SendAsync(TestPlane plane, string name, string? task) =>
        plane.Http.PostAsync($"{Routes.Artifacts}?name={Uri.EscapeDataString(name)}{(task is null ? "" : "&taskId=" + task)}", new StringContent(name));
}
