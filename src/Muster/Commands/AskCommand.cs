using System.CommandLine;
using Muster.Asking;
using Muster.Contracts.Conversations;

namespace Muster.Commands;

internal static class AskCommand
{
    public static Command Create()
    {
        var text = new Argument<string[]>("text") { Description = "What you want, in your own words; - reads standard input; nothing, on a terminal, begins to talk", Arity = ArgumentArity.ZeroOrMore };
        var file = new Option<string?>("--file", "-f") { Description = "Read it from a file", HelpName = "FILE" };
        var project = new Option<string?>("--project") { Description = "Key of the project it is about; the plan says which when left out", HelpName = "KEY" };
        var repository = new Option<string?>("--repository") { Description = "Path or URL of a repository that may become a project for it", HelpName = "REPO" };
        var goal = new Option<string?>("--goal") { Description = "Say it about this goal: a change, an answer, yes, no, status", HelpName = "G-N" };
        var budget = new Option<double?>("--budget") { Description = "The most that it may cost, in US dollars", HelpName = "USD" };
        var yes = new Option<bool>("--yes", "-y") { Description = "Begin the plan at once, without asking" };
        var wait = new Option<bool>("--wait") { Description = "Stay until the goal is reached, or cannot be; exit code 1 then" };
        return new Command("ask", "Say what you want; the Chief of Staff makes a plan of it and sees to it").With(text, file, project, repository, goal, budget, yes, wait).Does(async call =>
        {
            var words = await ReadAsync(call, call.Get(text) ?? [], call.Get(file));
            var ask = new Ask(call, call.Get(wait), call.Get(yes));
            if (words is null) return await ask.TalkAsync(call.Get(goal));
            return await ask.OnceAsync(words, call.Get(goal), new SayRequest
            {
                Text = words,
                Channel = Channels.Terminal,
                MessageId = Guid.NewGuid().ToString("N"),
                Project = call.Get(project),
                Repository = LocalPath(call.Get(repository)),
                BudgetUsd = call.Get(budget),
                Approval = call.Get(yes) ? PlanApprovals.Auto : null,
            });
        });
    }

    /// <summary>What is to be said; null to talk instead.</summary>
    private static async Task<string?> ReadAsync(Call call, string[] text, string? file)
    {
        if (file is not null && text.Length > 0) throw new CommandException("Say it on the command line or in a file, not both.") { Code = ExitCodes.BadUsage };
        if (file is not null && !File.Exists(file)) throw new CommandException($"There is no file {file}.", "Name a text file, or - to read standard input.");
        var words = file is not null ? await File.ReadAllTextAsync(file, call.Stop)
            : text is ["-"] || (text.Length == 0 && Console.IsInputRedirected) ? await Console.In.ReadToEndAsync(call.Stop)
            : text.Length > 0 ? string.Join(' ', text) : null;
        if (words is null && call.Terminal.Interactive) return null;
        return string.IsNullOrWhiteSpace(words) ? throw new CommandException("Say what you want.", "muster ask \"...\", or --file FILE, or text on standard input") { Code = ExitCodes.BadUsage } : words;
    }

    // The plane may have been started in another folder than the one the person stands in.
    private static string? LocalPath(string? repository) => repository is null ? null : Directory.Exists(repository) ? Path.GetFullPath(repository) : repository;
}
