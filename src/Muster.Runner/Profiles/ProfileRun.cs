using System.Text.RegularExpressions;
using Muster.Contracts.Models;
using Muster.Contracts.Work;
using Muster.Runner.Builtin;
using Muster.Runner.Builtin.Tools;
using Muster.Runner.Builtin.Transcripts;
using Muster.Runner.Executors;
using Muster.Runner.Mcp;
using Muster.Runner.Profiles.Output;
using Muster.Runner.Sandbox;

namespace Muster.Runner.Profiles;

/// <summary>One run of a program of others: its way to models, its home, its environment, what it is told, and what is known of it.</summary>
internal sealed partial class ProfileRun : IAsyncDisposable
{
    private const int LongestSummary = 8_000;
    private const string PromptFile = "task.md";

    /// <summary>The route that is asked for when nobody names a model.</summary>
    private const string DefaultModel = "smart";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);

    private readonly Attempt _attempt;
    private readonly Profile _profile;
    private readonly ModelRelay _relay;
    private readonly ProgressSteps _progress;

    private ProfileRun(Attempt attempt, Profile profile, ModelRelay relay, McpRelay tools, ProgressSteps progress, ProgramReport report) =>
        (_attempt, _profile, _relay, Tools, _progress, Report) = (attempt, profile, relay, tools, progress, report);

    /// <summary>Tools from outside, for this run alone.</summary>
    public McpRelay Tools { get; }

    public ProgramReport Report { get; }

    public required string Prompt { get; init; }

    /// <summary>Of this run alone, as we see it.</summary>
    public required string Home { get; init; }

    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>The profile's, filled in.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    public required ProfileSandbox Sandbox { get; init; }

    /// <summary>Cancelled once no model will answer any more.</summary>
    public CancellationToken Refused => _relay.Refused;

    /// <summary>Why this attempt cannot be made here, whatever is tried; null when it can.</summary>
    public static ExecutionResult? Impossible(Attempt attempt, Profile profile, CommandSandbox sandbox)
    {
        if (!sandbox.Works && attempt.Definition.Sandbox?.Required == true)
            return new ExecutionResult { Ending = Ending.Released, Reason = $"The agent asks for a sandbox and this host has none: {sandbox.Statement}" };
        return ModelName().IsMatch(attempt.Model ?? DefaultModel) ? null : ExecutionResult.Failed($"'{attempt.Model}' is not a model's name.", retry: false);
    }

    /// <param name="attempt">What is to be done.</param>
    /// <param name="profile">How the program is called.</param>
    /// <param name="sandbox">The host's.</param>
    /// <param name="time">Clock of the waiting.</param>
    /// <param name="sources">Tools from outside.</param>
    /// <param name="cancellation">Ends the preparation, and all reporting.</param>
    public static async Task<ProfileRun> StartAsync(Attempt attempt, Profile profile, CommandSandbox sandbox, TimeProvider time, IReadOnlyList<IToolSource> sources, CancellationToken cancellation)
    {
        var keys = profile.AccountKeys ?? new Dictionary<string, string>(StringComparer.Ordinal);
        var folder = await AttemptFolder.OpenAsync(attempt, cancellation);
        var view = ProfileSandbox.View(folder.Root, attempt.Scratch, folder.Guarded, attempt.Definition.Sandbox) with { Writable = profile.Writable };
        var fence = new ProfileSandbox(sandbox, view);
        var relay = await ModelRelay.StartAsync(attempt.Gateway, Patience, time);
        McpRelay? tools = null;
        try
        {
            tools = await McpRelay.StartAsync(sources, attempt, cancellation);
            var progress = new ProgressSteps(attempt, cancellation);
            var report = new ProgramReport(attempt.Log, progress.Report, Redactor.ForProcess([relay.Access.Key, tools.Key, attempt.Gateway.Key, .. keys.Values]));
            report.Say(fence.Statement);
            if (profile.Writable.Count > 0) report.Say($"it works with the account and the settings in {string.Join(", ", profile.Writable)}, which it can read and change");
            var prompt = await ProfilePrompt.WriteAsync(attempt, fence.Works, profile.InstructionsBy is null, cancellation);
            await File.WriteAllTextAsync(Path.Combine(view.Home, PromptFile), prompt, cancellation);
            var values = new ProfileValues(new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["MODEL"] = attempt.Model ?? DefaultModel,
                ["OPENAI"] = relay.Access.OpenAi.AbsoluteUri,
                ["ANTHROPIC"] = relay.Access.Anthropic.AbsoluteUri,
                ["GEMINI"] = relay.Access.Gemini.AbsoluteUri,
                ["KEY"] = relay.Access.Key,
                ["HOME"] = fence.Home,
                ["FOLDER"] = attempt.Folder,
                ["TURNS"] = $"{attempt.Definition.Limits?.Steps}",
                ["PROMPT_FILE"] = Path.Combine(fence.Home, PromptFile),
                // Last, so that nothing is filled into it.
                ["INSTRUCTIONS"] = attempt.Instructions ?? "",
            });
            foreach (var (path, content) in profile.Files)
            {
                var file = Path.Combine(view.Home, path);
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                await File.WriteAllTextAsync(file, values.FillQuoted(content), cancellation);
            }

            return new ProfileRun(attempt, profile, relay, tools, progress, report)
            {
                Prompt = prompt,
                Sandbox = fence,
                Home = view.Home,
                Arguments = [.. profile.Arguments.Concat(OfRole(attempt, profile)).Select(values.Fill)],
                Environment = ProfileEnvironment.Create(attempt, view.Home, fence, profile.Environment.Select(pair => KeyValuePair.Create(pair.Key, values.Fill(pair.Value))).Concat(keys)),
            };
        }
        catch
        {
            await relay.DisposeAsync();
            if (tools is not null) await tools.DisposeAsync();
            throw;
        }
    }

    /// <summary>Writes down for the program where its tools from outside are; answers the arguments that say so. Nothing where it has none.</summary>
    public IEnumerable<string> TellOfTools()
    {
        if (Tools.IsEmpty || _profile.Tools is not { } way) return [];
        way.Write(Home, new McpConfigFiles(Tools.Address, Tools.Key));
        return way.Arguments.Select(argument => argument.Replace("%HOME%", Sandbox.Home, StringComparison.Ordinal));
    }

    /// <summary>After the program's end: all progress is reported, and what it counted is said.</summary>
    public async Task EndAsync(CancellationToken cancellation)
    {
        await _progress.DoneAsync();
        if (Report.Tokens is not { } tokens) return;
        _attempt.Log($"{_profile.Title} used {Report.Tools} tools and counted {tokens.In} tokens in, {tokens.Cached} cached, {tokens.Out} out");
        // What goes through the gateway is in its ledger already.
        if (_profile.Models == ModelsBy.Own)
            await _attempt.ReportUsageAsync(new CreateModelUsage { Provider = _profile.Name, Model = Report.Model ?? "own-account", TokensIn = tokens.In, TokensOut = tokens.Out, TokensCached = tokens.Cached }, cancellation);
    }

    /// <summary>The task handed back, when the gateway has refused; null when it has not.</summary>
    public ExecutionResult? Refusal() => _relay.Refusal is not { } refusal ? null : new ExecutionResult
    {
        Ending = Ending.Released,
        Reason = $"{refusal.Code}: {refusal.Message}",
        Wait = refusal.RetryAfter,
        WaitFor = refusal.Code switch { WaitingCodes.Budget => WaitingCodes.Budget, "lease_lost" => null, _ => WaitingCodes.ProviderDown },
    };

    /// <summary>The program has come to its end: by its last words the work is ready, or cannot be done.</summary>
    public ExecutionResult Ready()
    {
        var final = Report.Final;
        if (final?.StartsWith(ProfilePrompt.Cannot, StringComparison.OrdinalIgnoreCase) == true) return ExecutionResult.Failed(final[ProfilePrompt.Cannot.Length..].Trim());
        if (final is null) return new ExecutionResult { Ending = Ending.Ready };
        var said = ProgramTrailers.Read(final);
        return new ExecutionResult
        {
            Ending = Ending.Ready,
            Summary = said.Summary.Length > LongestSummary ? said.Summary[..LongestSummary] : said.Summary,
            Evidence = said.Evidence.Count == 0 ? null : said.Evidence,
            Lesson = said.Lesson,
        };
    }

    public async ValueTask DisposeAsync()
    {
        await _relay.DisposeAsync();
        await Tools.DisposeAsync();
    }

    private static IEnumerable<string> OfRole(Attempt attempt, Profile profile) =>
    [
        .. attempt.Instructions is { Length: > 0 } ? profile.InstructionsBy ?? [] : [],
        .. attempt.Definition.Limits?.Steps is not null ? profile.TurnsBy ?? [] : [],
    ];

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,199}$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ModelName();
}

/// <summary>Reports progress in order, one at a time, from where nothing can be awaited.</summary>
internal sealed class ProgressSteps(Attempt attempt, CancellationToken cancellation)
{
    private readonly Lock _gate = new();
    private Task _last = Task.CompletedTask;

    public void Report(int percent)
    {
        lock (_gate) _last = AfterAsync(_last, percent);
    }

    /// <summary>Completes when all of them are reported.</summary>
    public Task DoneAsync()
    {
        lock (_gate) return _last;
    }

    private async Task AfterAsync(Task before, int percent)
    {
        await before;
        if (!cancellation.IsCancellationRequested) await attempt.ReportProgressAsync(percent, cancellation);
    }
}
