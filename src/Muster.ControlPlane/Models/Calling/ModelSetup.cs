namespace Muster.ControlPlane.Models.Calling;

/// <summary>Where the configuration of models is read from.</summary>
/// <param name="Files">Paths of models.yaml, the user's first; one that is not there is left out.</param>
/// <param name="Secret">A secret by the name of its variable; null when it is not set.</param>
/// <param name="Variable">A variable of the environment; null when it is not set.</param>
public sealed record ModelSources(IReadOnlyList<string> Files, Func<string, string?> Secret, Func<string, string?> Variable)
{
    /// <summary>Folder that recordings are written to.</summary>
    public string? RecordingFolder { get; init; }
}

/// <summary>The configuration of models is wrong. Every fault at once, each with what to do; no secrets.</summary>
public sealed class ModelsConfigException(IReadOnlyList<string> faults) : Exception(string.Join(' ', faults))
{
    public IReadOnlyList<string> Faults { get; } = faults;
}

/// <summary>The routes and the providers that the configuration comes to.</summary>
public sealed record ModelSetup
{
    private static readonly Dictionary<string, ModelProtocol> ProtocolNames = new(StringComparer.Ordinal)
    {
        ["chat"] = ModelProtocol.OpenAiChat,
        ["responses"] = ModelProtocol.OpenAiResponses,
        ["messages"] = ModelProtocol.AnthropicMessages,
    };

    public required ModelRoutes Routes { get; init; }

    /// <summary>Of the providers that can be asked.</summary>
    public required IReadOnlyList<(IProviderKind Kind, ProviderSettings Settings)> Providers { get; init; }

    /// <summary>Whether all runs' model traffic is recorded.</summary>
    public bool RecordAll { get; init; }

    /// <summary>Whether providers may search the web for an agent's model.</summary>
    public bool Web { get; init; }
    public string? RecordingFolder { get; init; }

    public ModelProviders CreateProviders() => new(Providers.Select(p => p.Kind.Create(p.Settings)));

    /// <exception cref="ModelsConfigException">Something is wrong.</exception>
    public static ModelSetup Read(ModelSources sources, ProviderKinds kinds)
    {
        List<string> faults = [];
        var file = sources.Files.Where(File.Exists).Reverse()
            .Aggregate(new ModelsFile(), (under, path) => ModelsFile.Parse(Text(path, faults), path, kind => kinds.Find(kind)?.ExtraSettings, faults).Over(under));
        List<ProviderState> states = [];
        List<(IProviderKind, ProviderSettings)> usable = [];
        foreach (var entry in file.Providers) Provider(entry, sources, kinds, states, usable, faults);
        var known = states.Select(s => s.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var route in file.Routes)
            faults.AddRange(route.Legs.Where(l => !known.Contains(l.Provider)).Select(l => $"The route {route.Name} names {l}, and there is no provider '{l.Provider}': declare it under providers, or take the leg out."));
        faults.AddRange(file.Aliases.Where(a => !file.Routes.Any(r => r.Name.Equals(a.Route, StringComparison.OrdinalIgnoreCase))).Select(a => $"The alias {a.Pattern} names the route '{a.Route}', which does not exist."));
        if (faults.Count > 0) throw new ModelsConfigException(faults);
        return new ModelSetup { Routes = new ModelRoutes(file.Routes, file.Aliases, states), Providers = usable, RecordAll = file.Record == "all", Web = file.Web == "on", RecordingFolder = sources.RecordingFolder };
    }

    private static void Provider(ProviderEntry entry, ModelSources sources, ProviderKinds kinds, List<ProviderState> states, List<(IProviderKind, ProviderSettings)> usable, List<string> faults)
    {
        var nowhere = new Uri("http://invalid/");
        if (kinds.Find(entry.Kind) is not { } kind)
        {
            faults.Add($"The provider {entry.Name} is of the kind '{entry.Kind}', which is not known: use {string.Join(", ", kinds.Names)}.");
            states.Add(new ProviderState(entry.Name, entry.Kind, nowhere, "Its kind is not known."));
            return;
        }

        var server = Server(entry, kind, sources, faults);
        var (key, whyNot) = Key(entry, kind, sources, faults);
        if (kind.WhyMissing(sources.Variable) is { } missing) whyNot = $"{entry.Name}: {missing}";
        states.Add(new ProviderState(entry.Name, entry.Kind, server ?? nowhere, whyNot));
        var protocols = Protocols(entry, faults);
        if (server is null) return;
        if (key is not null && server is { Scheme: "http", IsLoopback: false } && !entry.Insecure)
            faults.Add($"The provider {entry.Name} would send its key to {server.Authority} unencrypted: use https, or say 'insecure: true' if that network is yours alone.");
        var settings = new ProviderSettings
        {
            Name = entry.Name,
            Kind = entry.Kind,
            Server = server,
            Key = key,
            Protocols = protocols,
            Times = entry.Times,
            Extra = entry.Extra,
        };
        faults.AddRange(kind.Validate(settings));
        if (whyNot is null) usable.Add((kind, settings));
    }

    private static Uri? Server(ProviderEntry entry, IProviderKind kind, ModelSources sources, List<string> faults)
    {
        var text = entry.Server ?? (kind.ServerVariable is { } variable ? sources.Variable(variable) : null) ?? kind.DefaultServer;
        if (text is null)
        {
            faults.Add($"The provider {entry.Name} has no server: say where it is, such as 'server: https://models.example.org/v1'.");
            return null;
        }

        if (kind.ReadServer(text) is { } uri && uri.UserInfo.Length == 0) return uri;
        faults.Add($"The server of the provider {entry.Name} is no address that can be used: write http:// or https://, a host, and a path where it has one; a key does not belong into it.");
        return null;
    }

    private static (string? Key, string? WhyNot) Key(ProviderEntry entry, IProviderKind kind, ModelSources sources, List<string> faults)
    {
        if (entry.KeyFile is { } file)
        {
            if (!File.Exists(file)) return (null, $"{entry.Name}: its key is to be in {file}, which is not there.");
            return Text(file, faults).Trim() is { Length: > 0 } text ? (text, null) : (null, $"{entry.Name}: {file}, where its key is to be, is empty.");
        }

        if ((entry.KeyVariable ?? kind.KeyVariable) is not { } variable) return (null, null);
        if (sources.Secret(variable) is { } key) return (key.Trim(), null);
        // A server of one's own may ask for no key; one that has a default address is somebody's, and does.
        return entry.KeyVariable is null && entry.Server is not null ? (null, null) : (null, $"{entry.Name}: no key; set {variable} (or {variable}_FILE) and start the plane again.");
    }

    private static List<ModelProtocol> Protocols(ProviderEntry entry, List<string> faults)
    {
        List<ModelProtocol> protocols = [];
        foreach (var name in entry.Protocols)
        {
            if (ProtocolNames.TryGetValue(name, out var protocol)) protocols.Add(protocol);
            else faults.Add($"The provider {entry.Name} is to speak '{name}', which is not known: use {string.Join(", ", ProtocolNames.Keys)}.");
        }

        return protocols;
    }

    private static string Text(string path, List<string> faults)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            faults.Add($"{path} cannot be read: {error.Message}");
            return "";
        }
    }
}
