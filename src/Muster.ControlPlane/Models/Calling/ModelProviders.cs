namespace Muster.ControlPlane.Models.Calling;

/// <summary>A kind of provider that the configuration may name: a folder of the integrations.</summary>
public interface IProviderKind
{
    /// <summary>As it is written in models.yaml.</summary>
    string Kind { get; }

    /// <summary>Where it is when nothing says otherwise; null when it must be said.</summary>
    string? DefaultServer { get; }

    /// <summary>Variable of the environment that holds its key when nothing says otherwise; null when it needs none.</summary>
    string? KeyVariable { get; }

    /// <summary>Variable of the environment that says where it is; null for none.</summary>
    string? ServerVariable => null;

    /// <summary>What this machine lacks for it, with what to do; null when nothing, or when only asking shows it.</summary>
    /// <param name="variable">Variables of the environment.</param>
    string? WhyMissing(Func<string, string?> variable) => null;

    /// <summary>Settings that only this kind has.</summary>
    IReadOnlyList<string> ExtraSettings => [];

    /// <summary>An address as people write it for this kind; null when it is none.</summary>
    Uri? ReadServer(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" ? uri : null;

    /// <summary>What is wrong with the settings, each with what to do.</summary>
    IEnumerable<string> Validate(ProviderSettings settings) => [];

    IModelProvider Create(ProviderSettings settings);
}

/// <summary>What the configuration says of one provider.</summary>
public sealed record ProviderSettings
{
    public required string Name { get; init; }
    public required string Kind { get; init; }
    public required Uri Server { get; init; }

    /// <summary>The key itself; null when it has none. Never shown.</summary>
    public string? Key { get; init; }

    /// <summary>What it speaks; empty for what its kind does.</summary>
    public IReadOnlyList<ModelProtocol> Protocols { get; init; } = [];
    public ProviderTimes Times { get; init; } = ProviderTimes.Default;

    /// <summary>Settings of its kind only.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Extra { get; init; } = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);

    public string? Setting(string name) => Extra.TryGetValue(name, out var values) ? values is [var first, ..] ? first : null : null;

    public bool Flag(string name, bool otherwise) => Setting(name) is { } text ? text == "true" : otherwise;

    public override string ToString() => $"{Name} ({Kind} at {Server.Authority})";
}

/// <summary>The kinds of providers that are known; each adds itself.</summary>
public sealed class ProviderKinds
{
    private readonly Dictionary<string, IProviderKind> _kinds = new(StringComparer.Ordinal);

    public IEnumerable<string> Names => _kinds.Keys;

    public ProviderKinds Add(IProviderKind kind)
    {
        _kinds.Add(kind.Kind, kind);
        return this;
    }

    public IProviderKind? Find(string kind) => _kinds.GetValueOrDefault(kind);
}

/// <summary>The providers that can be asked.</summary>
public sealed class ModelProviders : IDisposable
{
    private readonly Dictionary<string, IModelProvider> _byName;

    public ModelProviders(IEnumerable<IModelProvider> providers) => _byName = providers.ToDictionary(p => p.Name, StringComparer.Ordinal);

    public IReadOnlyCollection<IModelProvider> All => _byName.Values;

    public IModelProvider? Find(string name) => _byName.GetValueOrDefault(name);

    public void Dispose()
    {
        foreach (var provider in _byName.Values.OfType<IDisposable>()) provider.Dispose();
    }
}
