using System.Net;
using Muster.Contracts.Delivery;
using Muster.Contracts.Work;

namespace Muster.EndToEnd.Tests;

/// <summary>
/// A project that is checked and served: every task adds its title to a list, and what is deployed answers with that list. Files
/// in the stage's folder hold up whoever works, checks or deploys, and say that somebody does.
/// </summary>
internal sealed class ServedProject(RunningMuster plane, Repository repository) : IDisposable
{
    public const string Key = "WRD";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);

    private const string Agent = """
        #!/bin/sh
        set -e
        : > "$STAGE/working"
        while [ -e "$STAGE/hold-work" ]; do sleep 0.02; done
        echo "$MUSTER_TASK_TITLE" > "words/$MUSTER_TASK_TITLE"
        echo "$MUSTER_TASK_TITLE" >> list.txt

        """;

    private const string Check = """
        : > "$STAGE/checking"
        while [ -e "$STAGE/hold-check" ]; do sleep 0.02; done
        [ -z "$(sort list.txt | uniq -d)" ]

        """;

    private const string Server = """
        use strict; use IO::Socket::INET;
        open(my $mark, '>', '$STAGE/deploying'); close($mark);
        while (-e '$STAGE/hold-deploy') { select(undef, undef, undef, 0.02); }
        my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $ENV{PORT}, Listen => 16, ReuseAddr => 1) or die $!;
        while (my $client = $socket->accept()) {
          while (my $line = <$client>) { last if $line =~ /^\r?$/; }
          open(my $list, '<', 'list.txt'); local $/; my $body = <$list>; close($list);
          print $client "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
          close($client);
        }

        """;

    private const string Rules = """
        checks:
          - name: test
            command: sh ./check.sh
        deploy:
          dev:
            target: process
            command: perl server.pl
            port: 0
            health: /health

        """;

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(5) };
    private readonly List<string> _titles = [];

    public static async Task<ServedProject> SetUpAsync(Stage stage, RunningMuster plane)
    {
        var repository = await Repository.CreateAsync(stage["words-of-mine"]);
        await stage.WriteScriptAsync("agent.sh", Agent);
        await stage.WriteScriptAsync("words-of-mine/check.sh", Check);
        await stage.WriteScriptAsync("words-of-mine/server.pl", Server);
        await stage.WriteScriptAsync("words-of-mine/muster.yaml", Rules);
        await repository.GitAsync("add", "--all");
        await repository.GitAsync("commit", "-q", "-m", "Served");
        await stage.DoAsync("project", "add", repository.Path, "--key", Key, "--push-back", "true", "--deploy-to", "dev", "--max-failures", "20");
        return new ServedProject(plane, repository);
    }

    public async Task AddTaskAsync(Stage stage, string title)
    {
        _titles.Add(title);
        await stage.DoAsync("task", "add", title, "--project", Key);
    }

    /// <summary>Waits until every task is done and what is deployed holds them all.</summary>
    public async Task UntilServedAsync()
    {
        await Until.HoldsAsync(async () =>
        {
            var tasks = (await plane.Client.ListTasksAsync(project: Key)).Items;
            return (tasks.All(task => task.Status == TaskState.Done), string.Join("; ", tasks.Select(task => $"{task.Key} {task.Status} ({task.Attempts}) {task.LastReason}")));
        }, Patience);
        await Until.HoldsAsync(AnswersAsync, Patience);
    }

    /// <summary>Every task has exactly one merge, once in the list, and was handed in once.</summary>
    public async Task AssertDoneOnceAsync()
    {
        var tasks = (await plane.Client.ListTasksAsync(project: Key)).Items;
        var head = (await plane.Client.ListBranchesAsync(Key)).Single(branch => branch.Kind == "target").Sha;
        await Until.HoldsAsync(async () => (await repository.GitAsync("rev-parse", "trunk") == head, $"trunk is not at {head}"), Patience);
        Assert.Equal(_titles, (await repository.GitAsync("show", "trunk:list.txt")).Split('\n'));
        Assert.Equal(tasks.Select(task => task.Key).Order(StringComparer.Ordinal), (await repository.TrailersAsync("Muster-Task")).Select(one => one.Value).Order(StringComparer.Ordinal));
        foreach (var task in tasks)
        {
            Assert.Single((await plane.Client.ListAssignmentsAsync(task: task.Id, status: AssignmentState.Completed)).Items);
            Assert.Single((await plane.Client.ListPullsAsync(task: task.Id)).Items);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<(bool Answers, string Seen)> AnswersAsync()
    {
        var deployments = (await plane.Client.ListDeploymentsAsync(project: Key)).Items;
        if (deployments.FirstOrDefault(one => one.State == DeploymentState.Healthy)?.Url is not { } url) return (false, string.Join("; ", deployments.Select(one => $"{one.Sha} {one.State} {one.Detail}")));
        try
        {
            using var answer = await _http.GetAsync(new Uri(url));
            var body = await answer.Content.ReadAsStringAsync();
            return (answer.StatusCode == HttpStatusCode.OK && body == string.Concat(_titles.Select(title => title + "\n")), $"{url} answers {answer.StatusCode} {body}");
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            return (false, $"{url}: {error.Message}");
        }
    }
}
