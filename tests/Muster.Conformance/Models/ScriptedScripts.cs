using System.Collections.Concurrent;

namespace Muster.Conformance.Models;

/// <summary>Ready-made scripts. All of them hold no state: what to say next follows from the conversation, so a fallback goes on where another stopped.</summary>
public static class ScriptedScripts
{
    public static ScriptedTurn Nothing { get; } = ScriptedTurn.Say("Done.");

    /// <summary>One turn after the other; after the last one it says that it is done.</summary>
    public static Func<ScriptedRequest, ScriptedTurn> Turns(params IReadOnlyList<ScriptedTurn> turns) => Steps([.. turns.Select(turn => (Func<ScriptedRequest, ScriptedTurn>)(_ => turn))]);

    /// <summary>As <see cref="Turns"/>, each made from its request.</summary>
    public static Func<ScriptedRequest, ScriptedTurn> Steps(params IReadOnlyList<Func<ScriptedRequest, ScriptedTurn>> steps) => request =>
        request.Turn < steps.Count ? steps[request.Turn](request) : Nothing;

    /// <summary>Runs commands one by one with the caller's own tool, then says <paramref name="last"/>. Questions beside the work (a title for the session) offer no tools.</summary>
    public static Func<ScriptedRequest, ScriptedTurn> Shell(string last, params IReadOnlyList<string> commands) => request =>
        request.Tools.Count == 0 ? ScriptedTurn.Say("Scripted work")
        : request.Turn < commands.Count ? ScriptedTurn.Shell(request, commands[request.Turn])
        : ScriptedTurn.Say(last);

    /// <summary>The same call for ever.</summary>
    public static Func<ScriptedRequest, ScriptedTurn> EndlessCalls(string tool, object arguments) => _ => ScriptedTurn.Call(tool, arguments);

    /// <summary>Each conversation by a text that stands in it, such as a task's key; see <see cref="ScriptBook"/>.</summary>
    public static ScriptBook ByMarker(Func<ScriptedRequest, ScriptedTurn>? others = null) => new(others ?? (_ => Nothing));
}

/// <summary>Scripts by a text in the conversation. The longest marker that is found wins (SHO-12 before SHO-1). May be added to at any time.</summary>
public sealed class ScriptBook(Func<ScriptedRequest, ScriptedTurn> others)
{
    private readonly ConcurrentDictionary<string, Func<ScriptedRequest, ScriptedTurn>> _scripts = new(StringComparer.Ordinal);

    public ScriptBook With(string marker, Func<ScriptedRequest, ScriptedTurn> script)
    {
        _scripts[marker] = script;
        return this;
    }

    public ScriptedTurn Answer(ScriptedRequest request)
    {
        var text = request.Text;
        var marker = _scripts.Keys.Where(marker => text.Contains(marker, StringComparison.Ordinal)).MaxBy(marker => marker.Length);
        return marker is null ? others(request) : _scripts[marker](request);
    }
}
