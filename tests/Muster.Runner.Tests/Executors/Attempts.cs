using System.Collections.Concurrent;
using Muster.Contracts.Fleet;
using Muster.Contracts.Models;
using Muster.Contracts.Tools;
using Muster.Contracts.Work;
using Muster.Runner.Executors;

namespace Muster.Runner.Tests.Executors;

/// <summary>Makes attempts in a folder and notes what executors report.</summary>
internal sealed class Attempts : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly TempFolder _scratch = new();

    public string Folder => _folder.Path;
    public string Marker { get; } = $"test-{Guid.NewGuid():n}";
    public ConcurrentQueue<string> Log { get; } = new();
    public ConcurrentQueue<int> Progress { get; } = new();
    public ConcurrentQueue<string> Commits { get; } = new();
    public ConcurrentQueue<TaskUpdateInfo> Comments { get; } = new();
    public ConcurrentQueue<CreateModelUsage> Usage { get; } = new();
    public ConcurrentDictionary<string, string> Artifacts { get; } = new(StringComparer.Ordinal);

    public Attempt Make(AgentDefinition definition, int epoch = 1) => new()
    {
        Task = Task(),
        Assignment = Assignment(epoch),
        Git = new GitWork { Path = "/git/p.git", TargetBranch = "main", TargetSha = new string('a', 40), Branch = "agent/ada/flt-12-x", WipRef = "refs/muster/wip/FLT-12/1" },
        Previous = epoch == 1 ? null : new PreviousAttempt { Epoch = epoch - 1, Agent = "bob", Outcome = "check_failed", Reason = "test is red", HeadSha = new string('b', 40), Continue = true },
        Definition = definition,
        Folder = _folder.Path,
        Scratch = _scratch.Path,
        Marker = Marker,
        Gateway = new ModelAccess(new Uri("http://127.0.0.1:9/"), "none"),
        Log = Log.Enqueue,
        ReportProgressAsync = (percent, _) =>
        {
            Progress.Enqueue(percent);
            return System.Threading.Tasks.Task.CompletedTask;
        },
        CommitAsync = (message, _) =>
        {
            Commits.Enqueue(message);
            return System.Threading.Tasks.Task.FromResult(true);
        },
        StoreArtifactAsync = async (name, content, type, ct) =>
        {
            using var reader = new StreamReader(content);
            Artifacts[name] = await reader.ReadToEndAsync(ct);
            return new ArtifactInfo { Id = name, Name = name, ContentType = type, Size = Artifacts[name].Length, Sha256 = "", CreatedAt = DateTimeOffset.UnixEpoch };
        },
        CommentsAsync = _ => System.Threading.Tasks.Task.FromResult<IReadOnlyList<TaskUpdateInfo>>([.. Comments]),
        ReportUsageAsync = (usage, _) =>
        {
            Usage.Enqueue(usage);
            return System.Threading.Tasks.Task.CompletedTask;
        },
        CommentAsync = (text, _) =>
        {
            Comments.Enqueue(Comment("ada", text));
            return System.Threading.Tasks.Task.CompletedTask;
        },
    };

    public static TaskUpdateInfo Comment(string author, string text) =>
        new() { Id = Guid.CreateVersion7().ToString(), TaskId = Task().Id, Author = author, Kind = "comment", Text = text, At = DateTimeOffset.UnixEpoch };

    public static TaskInfo Task(string contract = "commit") => new()
    {
        Id = "0198a0a0-0000-7000-8000-000000000001",
        Key = "FLT-12",
        ProjectId = "project-1",
        Project = "Fleet",
        IssueNumber = "1.1",
        Title = "Add \"health\" $(endpoint)",
        Description = "first line\nsecond line",
        Labels = ["backend"],
        Priority = 4,
        Status = TaskState.InProgress,
        PercentComplete = 0,
        SpentHours = 0,
        Contract = contract,
        NeedsApproval = false,
        DependsOn = [],
        WaitingOn = [],
        Attempts = 1,
        Failures = 0,
        Rehearsal = false,
        CreatedAt = DateTimeOffset.UnixEpoch,
        UpdatedAt = DateTimeOffset.UnixEpoch,
    };

    public static AssignmentInfo Assignment(int epoch) => new()
    {
        Id = "0198a0a0-0000-7000-8000-000000000002",
        TaskId = "0198a0a0-0000-7000-8000-000000000001",
        TaskKey = "FLT-12",
        AgentId = "0198a0a0-0000-7000-8000-000000000003",
        Agent = "ada",
        Epoch = epoch,
        Status = AssignmentState.Active,
        PercentComplete = 0,
        Rehearsal = false,
        StartedAt = DateTimeOffset.UnixEpoch,
    };

    public void Dispose()
    {
        _folder.Dispose();
        _scratch.Dispose();
    }
}
