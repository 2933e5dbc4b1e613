using System.IO.Enumeration;

namespace Muster.ControlPlane.Models.Calling;

/// <summary>A provider that the configuration names.</summary>
/// <param name="Name">As it is named in the routes.</param>
/// <param name="Kind">Which kind it is.</param>
/// <param name="Server">Where it is.</param>
/// <param name="WhyNot">Why it is left out, with what to do; null when it can be asked.</param>
public sealed record ProviderState(string Name, string Kind, Uri Server, string? WhyNot);

/// <summary>A name, or a pattern with <c>*</c>, that programs make up, and the route that serves it.</summary>
public sealed record ModelAlias(string Pattern, string Route);

/// <summary>
/// Which legs serve a name: a route's name, <c>provider/model</c>, or what a program made up. Legs whose provider cannot be
/// asked are left out.
/// </summary>
public sealed class ModelRoutes
{
    private readonly Dictionary<string, ModelRoute> _declared;
    private readonly Dictionary<string, ModelRoute> _usable;
    private readonly Dictionary<string, ProviderState> _providers;

    public ModelRoutes(IEnumerable<ModelRoute> routes, IEnumerable<ModelAlias> aliases, IEnumerable<ProviderState> providers)
    {
        _providers = providers.ToDictionary(p => p.Name, StringComparer.Ordinal);
        _declared = routes.ToDictionary(r => r.Name, StringComparer.OrdinalIgnoreCase);
        Aliases = [.. aliases];
        _usable = _declared.Values.Select(r => r with { Legs = [.. r.Legs.Where(l => _providers[l.Provider].WhyNot is null)] }).ToDictionary(r => r.Name, StringComparer.OrdinalIgnoreCase);
        All = [.. _usable.Values];
        Legs = [.. All.SelectMany(r => r.Legs).Distinct()];
    }

    /// <summary>The routes by name, with the legs that can be asked.</summary>
    public IReadOnlyList<ModelRoute> All { get; }

    /// <summary>The routes as they were written.</summary>
    public IReadOnlyCollection<ModelRoute> Declared => _declared.Values;

    /// <summary>Every leg of a named route that can be asked.</summary>
    public IReadOnlyList<ModelLeg> Legs { get; }
    public IReadOnlyList<ModelAlias> Aliases { get; }
    public IReadOnlyCollection<ProviderState> Providers => _providers.Values;

    /// <summary>The route for a name; null when there is none, then <paramref name="whyNot"/> says why and what to do.</summary>
    public ModelRoute? Find(string model, out string? whyNot)
    {
        whyNot = null;
        if (Named(model) is { } route) return Usable(route, out whyNot);
        var slash = model.IndexOf('/', StringComparison.Ordinal);
        if (slash > 0 && slash < model.Length - 1 && _providers.TryGetValue(model[..slash], out var provider))
        {
            whyNot = provider.WhyNot;
            return whyNot is null ? new ModelRoute(model, [new ModelLeg(provider.Name, model[(slash + 1)..])]) : null;
        }

        if (Aliases.FirstOrDefault(a => FileSystemName.MatchesSimpleExpression(a.Pattern, model)) is { } alias) return Usable(_usable[alias.Route], out whyNot);
        var shown = model.Length > 100 ? model[..100] + "…" : model;
        whyNot = $"No route serves the model '{shown}'. Routes: {string.Join(", ", All.Select(r => r.Name))}; or name one exactly, as PROVIDER/MODEL with one of the providers {string.Join(", ", _providers.Keys)}; or add an alias to models.yaml.";
        return null;
    }

    private ModelRoute? Named(string name) => _usable.GetValueOrDefault(name);

    private ModelRoute? Usable(ModelRoute route, out string? whyNot)
    {
        whyNot = route.Legs.Count > 0 ? null : $"The route {route.Name} has no provider that can be asked. {string.Join(' ', _declared[route.Name].Legs.Select(l => _providers[l.Provider].WhyNot).Distinct())}";
        return whyNot is null ? route : null;
    }
}
