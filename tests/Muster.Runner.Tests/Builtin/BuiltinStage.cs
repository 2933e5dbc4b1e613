using Muster.Conformance.Models;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;
using Muster.Runner.Builtin;
using Muster.Runner.Builtin.Chat;
using Muster.Runner.Executors;
using Muster.Runner.Git;
using Muster.Runner.Sandbox;
using Muster.Runner.Tests.Executors;
using Muster.Runner.Workspaces;

namespace Muster.Runner.Tests.Builtin;

/// <summary>A repository, a worktree of it, a scripted model, and the built-in agent between them.</summary>
internal sealed class BuiltinStage : IAsyncDisposable
{
    /// <summary>What must be seen nowhere.</summary>
    public static readonly string Key = "mls_" + "CANARYlease0123456789abcdefghijklmnopqrstuvwxyzABCDE";

    private readonly Attempts _attempts = new();
    private TempFolder? _folders;

    private BuiltinStage(TestRepository repository, Workspace workspace, ScriptedModel model)
    {
        (Repository, Workspace, Model) = (repository, workspace, model);
        Limits = BuiltinLimits.From(Definition) with { Patience = new ModelPatience { FirstDelay = TimeSpan.FromMilliseconds(1), LongestDelay = TimeSpan.FromMilliseconds(5) } };
    }

    public TestRepository Repository { get; }
    public Workspace Workspace { get; private set; }
    public ScriptedModel Model { get; }
    public AgentDefinition Definition { get; set; } = new() { Executor = "builtin" };
    public BuiltinLimits Limits { get; set; }
    public List<IToolSource> Sources { get; } = [];
    public Attempts Seen => _attempts;
    public string Folder => Workspace.Path;
    public string Log => string.Join('\n', _attempts.Log);
    public string Transcript => _attempts.Artifacts.Single(artifact => artifact.Key.StartsWith("transcript-", StringComparison.Ordinal)).Value;

    /// <summary>Changes the attempt before it runs.</summary>
    public Func<Attempt, Attempt> Adjust { get; set; } = attempt => attempt;

    public Func<CancellationToken, Task<CommandSandbox>> Sandbox { get; set; } = CommandSandbox.DetectAsync;

    /// <summary>The next attempt, in a worktree of its own, after one that ended as <paramref name="outcome"/>.</summary>
    public async Task NextAttemptAsync(string outcome, string wip)
    {
        var previous = new PreviousAttempt { Epoch = 1, Agent = "bob", Outcome = outcome, Reason = "its process died", WipSha = wip, Continue = false };
        Workspace.Dispose();
        Workspace = await WorkspaceOpener.OpenAsync(new HostFolders(_folders!.Path), await Repository.RequestAsync(2, previous) with { FromSavedWork = true }, default);
        Adjust = attempt => attempt with { Previous = previous };
    }

    public static async Task<BuiltinStage> StartAsync(Func<ScriptedRequest, ScriptedTurn> script, params (string Path, string Content)[] files)
    {
        var repository = await TestRepository.CreateAsync(files);
        var data = new TempFolder();
        try
        {
            var workspace = await WorkspaceOpener.OpenAsync(new HostFolders(data.Path), await repository.RequestAsync(), default);
            var stage = new BuiltinStage(repository, workspace, await ScriptedModel.StartAsync(script));
            stage._folders = data;
            return stage;
        }
        catch
        {
            data.Dispose();
            repository.Dispose();
            throw;
        }
    }

    public async Task<ExecutionResult> RunAsync(CancellationToken cancellation = default) =>
        await new BuiltinExecutor(Limits, Sources, TimeProvider.System, Sandbox).RunAsync(await AttemptAsync(), cancellation);

    /// <summary>What everybody could see of the attempt, to look for secrets in.</summary>
    public async Task<string> EverythingAsync(ExecutionResult result)
    {
        var commits = await Workspace.Worktree.RunAsync(["log", "--patch", "--all"], default);
        var files = string.Join('\n', Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories).Select(File.ReadAllText));
        return string.Join('\n', Log, string.Join('\n', _attempts.Artifacts.Values), string.Join('\n', _attempts.Comments.Select(comment => comment.Text)), result.Reason, result.Summary, commits, files);
    }

    public async ValueTask DisposeAsync()
    {
        await Model.DisposeAsync();
        Workspace.Dispose();
        Repository.Dispose();
        _folders?.Dispose();
        _attempts.Dispose();
    }

    private async Task<Attempt> AttemptAsync()
    {
        var request = await Repository.RequestAsync();
        return Adjust(_attempts.Make(Definition) with
        {
            Git = request.Git,
            Folder = Folder,
            Gateway = new ModelAccess(Model.Address, Key),
            CommitAsync = async (message, ct) =>
            {
                _attempts.Commits.Enqueue(message);
                var committed = await Workspace.CommitAsync(message, ct);
                if (committed) await Workspace.SaveAsync(ct);
                return committed;
            },
        });
    }
}
