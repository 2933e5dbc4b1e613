using System.Security.Cryptography;
using System.Text;

namespace Muster.Conformance.Models;

/// <summary>Everything that was asked, in order of arrival, and what was billed for it.</summary>
public sealed class ScriptedJournal
{
    private readonly Lock _gate = new();
    private readonly List<ScriptedEntry> _entries = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<ScriptedEntry> Entries
    {
        get
        {
            lock (_gate) return [.. _entries];
        }
    }

    /// <summary>Those that asked the model.</summary>
    public IReadOnlyList<ScriptedEntry> Calls => [.. Entries.Where(entry => entry.Request is not null)];

    public ScriptedTokens Billed => Entries.Aggregate(ScriptedTokens.None, (sum, entry) => sum + entry.Billed);

    /// <summary>A credential so that it can be compared and not be used.</summary>
    public static string Mask(string secret) => secret.Length == 0 ? "" : "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)))[..16];

    /// <summary>Waits for what was asked to be as wanted; 60 s at most.</summary>
    public async Task UntilAsync(Func<ScriptedJournal, bool> wanted)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            Task changed;
            lock (_gate) changed = _changed.Task;
            if (wanted(this)) return;
            await changed.WaitAsync(limit.Token);
        }
    }

    internal int Add(ScriptedEntry entry)
    {
        lock (_gate)
        {
            _entries.Add(entry);
            Wake();
            return _entries.Count - 1;
        }
    }

    internal void Change(int index, Func<ScriptedEntry, ScriptedEntry> change)
    {
        lock (_gate)
        {
            _entries[index] = change(_entries[index]);
            Wake();
        }
    }

    private void Wake()
    {
        _changed.TrySetResult();
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>One request and what became of it.</summary>
public sealed record ScriptedEntry
{
    public required string Method { get; init; }
    public required string Path { get; init; }
    public required IReadOnlyDictionary<string, string> Headers { get; init; }
    public required string Key { get; init; }

    /// <summary>Null for what is no question to the model (lists, health, pulls).</summary>
    public ScriptedRequest? Request { get; init; }

    /// <summary>0 while nothing has been answered.</summary>
    public int Status { get; init; }

    /// <summary><c>open</c>, <c>answered</c>, <c>refused</c>, <c>cut</c> (by us), <c>gone</c> (the caller went away).</summary>
    public string Outcome { get; init; } = "open";
    public ScriptedTokens Billed { get; init; } = ScriptedTokens.None;
}
