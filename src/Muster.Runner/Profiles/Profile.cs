using Muster.Runner.Profiles.Output;

namespace Muster.Runner.Profiles;

/// <summary>How a program is told what to do.</summary>
internal enum PromptBy
{
    StandardInput,

    /// <summary>A file that <c>%PROMPT_FILE%</c> names.</summary>
    File,
}

/// <summary>The protocol in which a program asks models.</summary>
internal enum ModelsBy
{
    OpenAi,
    Anthropic,
    Google,

    /// <summary>The program asks its provider itself, with the account of the host's user.</summary>
    Own,
}

/// <summary>
/// A coding program of others, as data: how it is called without a person, how it finds models, how its output reads. Arguments,
/// environment and files may hold <c>%MODEL%</c>, <c>%OPENAI%</c>, <c>%ANTHROPIC%</c>, <c>%GEMINI%</c>, <c>%KEY%</c>, <c>%HOME%</c>, <c>%FOLDER%</c>, <c>%PROMPT_FILE%</c>.
/// </summary>
internal sealed record Profile
{
    /// <summary>The executor's name.</summary>
    public required string Name { get; init; }

    /// <summary>As its makers write it.</summary>
    public required string Title { get; init; }
    public required string Program { get; init; }

    /// <summary>How to get it, for whoever has it not.</summary>
    public required string Install { get; init; }
    public required IReadOnlyList<string> Arguments { get; init; }
    public PromptBy Prompt { get; init; }
    public required ModelsBy Models { get; init; }

    /// <summary>Beside what every attempt's program gets; see <see cref="ProfileEnvironment"/>.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>Written before each run, below the run's own home.</summary>
    public IReadOnlyDictionary<string, string> Files { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Files below a person's home that show that the program is signed in.</summary>
    public IReadOnlyList<string> SignedInBy { get; init; } = [];

    /// <summary>How it runs with the account of the host's user; null when it cannot.</summary>
    public OwnAccount? Account { get; init; }

    /// <summary>Folders of the host's user that it may change, at their own paths: <see cref="WithAccount"/>.</summary>
    public IReadOnlyList<string> Writable { get; init; } = [];

    /// <summary>How it is told of tools from outside; null when it takes none.</summary>
    public ToolsBy? Tools { get; init; }

    /// <summary>Arguments that give it its role as <c>%INSTRUCTIONS%</c>, above the task; null puts the role before the task.</summary>
    public IReadOnlyList<string>? InstructionsBy { get; init; }

    /// <summary>Arguments that end a run after <c>%TURNS%</c> answers of the model; null where it knows no such limit.</summary>
    public IReadOnlyList<string>? TurnsBy { get; init; }

    /// <summary>Reads one run.</summary>
    public required Func<IProgramOutput> Output { get; init; }

    /// <summary>What does not work with it, if anything.</summary>
    public string? Limits { get; init; }

    /// <summary>Secrets of the account it works with; null when it works with none.</summary>
    public IReadOnlyDictionary<string, string>? AccountKeys { get; init; }

    /// <summary>The same program with the account of the host's user; null when the user has never used it.</summary>
    /// <param name="account">How it works so.</param>
    /// <param name="variable">Variables of the host's environment.</param>
    public Profile? WithAccount(OwnAccount account, Func<string, string?> variable) => account.FindFolder(variable) is not { } folder ? null : this with
    {
        AccountKeys = account.Keys.Select(name => (Name: name, Value: variable(name))).Where(key => !string.IsNullOrWhiteSpace(key.Value)).ToDictionary(key => key.Name, key => key.Value!, StringComparer.Ordinal),
        Models = ModelsBy.Own,
        Arguments = account.Arguments,
        Environment = new Dictionary<string, string>(account.Environment, StringComparer.Ordinal) { [account.Folder.Variable] = folder },
        Files = new Dictionary<string, string>(StringComparer.Ordinal),
        Writable = [folder],
        // Its settings are the user's, which are not ours to write to.
        Tools = account.TakesTools ? Tools : null,
    };
}

/// <summary>
/// How a program runs as the host's user has set it up: what of its profile is different then. The program renews its sign-in by
/// itself, so it gets the user's own folder and not a copy.
/// </summary>
internal sealed record OwnAccount
{
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>The variable that names the program's folder, and where that is below the user's home when it is not set.</summary>
    public required (string Variable, string Default) Folder { get; init; }

    /// <summary>Beside the folder: what takes the place of the profile's.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>Variables of the host that are handed on when they are set, since one may be signed in by them.</summary>
    public required IReadOnlyList<string> Keys { get; init; }

    /// <summary>Whether it can be told of tools from outside by arguments alone.</summary>
    public bool TakesTools { get; init; }

    /// <summary>Where it is on this host; null when the user has never used the program.</summary>
    public string? FindFolder(Func<string, string?> variable)
    {
        var home = System.Environment.GetFolderPath(System.Environment.SpecialFolder.UserProfile);
        var folder = variable(Folder.Variable) is { Length: > 0 } said ? said : Path.Combine(home, Folder.Default);
        return Directory.Exists(folder) ? folder : null;
    }
}
