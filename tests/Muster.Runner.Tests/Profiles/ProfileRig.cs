using Muster.Conformance.Models;
using Muster.Contracts.Fleet;
using Muster.Contracts.Models;
using Muster.Runner.Executors;
using Muster.Runner.Profiles;
using Muster.Runner.Sandbox;
using Muster.Runner.Tests.Executors;
using Muster.Runner.Workspaces;

namespace Muster.Runner.Tests.Profiles;

/// <summary>An attempt in a real worktree, with a scripted model in the place of the gateway.</summary>
internal sealed class ProfileRig : IAsyncDisposable
{
    public const string Lease = "mls_the-lease-of-this-attempt";

    private readonly TempFolder _data = new();
    private readonly TempFolder _home = new();
    private readonly Attempts _attempts = new();
    private readonly TestRepository _repository;

    private ProfileRig(TestRepository repository, Workspace workspace, ScriptedModel model) => (_repository, Workspace, Model) = (repository, workspace, model);

    public Workspace Workspace { get; }

    public ScriptedModel Model { get; }

    /// <summary>What the processes of the last run carry.</summary>
    public string Marker { get; private set; } = "";

    public IEnumerable<string> Log => _attempts.Log;

    public IEnumerable<CreateModelUsage> Usage => _attempts.Usage;

    public IEnumerable<int> Progress => _attempts.Progress;

    public string AllLog => string.Join('\n', Log);

    public static async Task<ProfileRig> CreateAsync(Func<ScriptedRequest, ScriptedTurn> script, params (string Path, string Content)[] files)
    {
        var repository = await TestRepository.CreateAsync(files);
        var data = new TempFolder();
        var workspace = await WorkspaceOpener.OpenAsync(new HostFolders(data.Path), await repository.RequestAsync(), default);
        var model = await ScriptedModel.StartAsync(script);
        model.Keys = new HashSet<string> { Lease };
        return new ProfileRig(repository, workspace, model);
    }

    public Attempt Attempt(AgentDefinition definition, int epoch = 1) => _attempts.Make(definition, epoch) with
    {
        Folder = Workspace.Path,
        Model = "smart",
        Role = new RoleBrief { Name = "backend-engineer", Hash = "h", Instructions = "You are a backend engineer of the house of Muster." },
        Gateway = new ModelAccess(Model.Address, Lease),
    };

    /// <summary>Runs the program to its end, in this machine's sandbox or without one.</summary>
    /// <param name="executor">By name.</param>
    /// <param name="program">Its path.</param>
    /// <param name="sandboxed">Whether the machine's sandbox is used.</param>
    /// <param name="account">Variables of the host that sign the program in with an account of its own; null for the plane's models.</param>
    /// <param name="cancellation">Ends the run.</param>
    public Task<ExecutionResult> RunAsync(string executor, string program, bool sandboxed = true, Dictionary<string, string>? account = null, CancellationToken cancellation = default)
    {
        var definition = new AgentDefinition { Executor = executor, Command = [program], TimeoutSeconds = 300, Limits = new AttemptLimits { Steps = 40 }, OwnAccount = account is not null };
        Func<CancellationToken, Task<CommandSandbox>> sandbox = sandboxed ? CommandSandbox.DetectAsync : _ => Task.FromResult(CommandSandbox.Without("a test wants none"));
        var attempt = Attempt(definition);
        Marker = attempt.Marker;
        return new ProfileExecutor(ProfileCatalog.Find(executor)!, TimeProvider.System, [], sandbox, name => account?.GetValueOrDefault(name)).RunAsync(attempt, cancellation);
    }

    /// <summary>What the plane gets: the commits of the attempt, whoever made them.</summary>
    public async Task<(string Head, string Subjects)> HandInAsync()
    {
        await Workspace.CommitAsync("left over", default);
        var head = await Workspace.PushBranchAsync(default);
        return (head, await _repository.InBareAsync("log", "--format=%s", $"main..{head}"));
    }

    public Task<string> HandedInAsync(string head, string path) => _repository.InBareAsync("show", $"{head}:{path}");

    public async ValueTask DisposeAsync()
    {
        await Model.DisposeAsync();
        Workspace.Dispose();
        _repository.Dispose();
        _attempts.Dispose();
        _home.Dispose();
        _data.Dispose();
    }
}
