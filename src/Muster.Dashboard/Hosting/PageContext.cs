using System.Diagnostics.CodeAnalysis;
using Muster.Client;
using Muster.Contracts.Security;
using Muster.Dashboard.Chat;
using Muster.Dashboard.SignIn;

namespace Muster.Dashboard.Hosting;

/// <summary>What every component of a page may know: who looks, what they asked for, and the plane as they may see it.</summary>
public sealed class PageContext : IDisposable
{
    private Session? _session;
    private MusterClient? _muster;

    public MusterClient Muster => _muster ?? throw new InvalidOperationException("The page has nobody who looks at it.");

    [AllowNull]
    public WhoAmI Me { get => field ?? throw new InvalidOperationException("The page has nobody who looks at it."); private set; }

    public bool IsSignedIn => _muster is not null;

    /// <summary>Path and query, as somebody may share it.</summary>
    public string Address { get; private set; } = "/";

    public string Path { get; private set; } = "/";

    public QueryString Query { get; private set; }

    public RouteValueDictionary Values { get; private set; } = [];

    public Preferences Preferences { get; set; } = Preferences.None;

    /// <summary>How much waits for a person.</summary>
    public int Needs { get; private set; }

    /// <summary>Number of the newest event when the page began to read: what comes after it changes the page.</summary>
    public long Seq { get; private set; }

    public DateTimeOffset Now { get; } = DateTimeOffset.UtcNow;

    /// <summary>What is said with the Chief of Staff beside the page; null where nothing is beside it.</summary>
    public ChatFacts? Chat { get; set; }

    /// <summary>A secret that a form has made, under its name: shown with the answer and never again.</summary>
    public (string Name, string Secret)? Once { get; set; }

    /// <summary>Where a form leads that was taken; back to its page when null.</summary>
    public string? Next { get; set; }

    /// <summary>What was just done, in a sentence.</summary>
    public string? Said { get; set; }

    /// <summary>What undoes it, as the form that undoes takes it; null where nothing does.</summary>
    public string? Undo { get; set; }

    /// <summary>What a form brought that the page shows, before anything is done with it.</summary>
    public IReadOnlyDictionary<string, string>? Typed { get; set; }

    /// <summary>A form that was sent and could not be taken.</summary>
    public FormFailure? Failure { get; set; }

    /// <summary>Whether they decide; the API refuses who does not, and a page shows them no button that would fail.</summary>
    public bool MaySteer => Me.Scope is Scopes.Owner or Scopes.Maintainer;

    public bool Owns => Me.Scope is Scopes.Owner;

    public string FormToken => _session?.FormToken ?? "";

    public string? Value(string name) => Values[name] as string;

    /// <summary>A value of the query, short and without what nobody types; null when it is not there.</summary>
    public string? Asked(string name)
    {
        var text = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(Query.Value).TryGetValue(name, out var values) ? values.ToString().Trim() : "";
        return text.Length is 0 or > 200 ? null : text;
    }

    /// <summary>Says where the page is, before anybody is known to look at it.</summary>
    public void At(string address, RouteValueDictionary values, Preferences preferences)
    {
        var mark = address.IndexOf('?', StringComparison.Ordinal);
        (Address, Values, Preferences) = (address, values, preferences);
        (Path, Query) = mark < 0 ? (address, QueryString.Empty) : (address[..mark], new QueryString(address[mark..]));
    }

    /// <summary>Finds out who looks.</summary>
    /// <exception cref="MusterException">Their session is over.</exception>
    public async Task BeginAsync(Session session, Planes planes, CancellationToken ct)
    {
        (_session, _muster) = (session, planes.For(session.Token));
        var newest = _muster.ListNewestEventsAsync(limit: 1, ct: ct);
        var needs = _muster.GetNeedsAsync(ct);
        Me = await _muster.WhoAmIAsync(ct);
        Seq = (await newest).Items is [var last] ? last.Seq : 0;
        Needs = (await needs).Total;
    }

    public void Dispose() => _muster?.Dispose();
}
