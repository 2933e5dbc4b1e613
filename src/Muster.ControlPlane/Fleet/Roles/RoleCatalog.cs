using System.Collections.Concurrent;
using Muster.Contracts;
using Muster.Contracts.Fleet;
using Muster.ControlPlane.Operations;

namespace Muster.ControlPlane.Fleet.Roles;

/// <summary>
/// The roles an agent can have: Markdown files with front matter, those shipped with the product and those in the data
/// folder, which come first (A1). A task's label picks its role. A file that was changed counts from the next look on; one that
/// is wrong is told of, and leaves in effect what was read of it before, or else what another folder has.
/// </summary>
public sealed class RoleCatalog
{
    private static readonly TimeSpan Glance = TimeSpan.FromSeconds(1);

    private readonly IReadOnlyList<(string Folder, string Source)> _folders;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, bool> _triedOut = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private RoleSet _now;
    private long _looked;

    /// <param name="folders">The first that names a role wins; the last is the one shipped, where there are several.</param>
    /// <param name="time">Its clock.</param>
    /// <param name="specialists">Those that agents made for a time; they take no name that another folder has.</param>
    public RoleCatalog(IEnumerable<string> folders, TimeProvider? time = null, string? specialists = null)
    {
        var all = folders.ToList();
        _folders = [.. all.Select((folder, index) => (folder, index == all.Count - 1 ? RoleSources.Shipped : RoleSources.Own)), .. specialists is null ? [] : new[] { (specialists, RoleSources.Specialist) }];
        Specialists = specialists ?? "";
        _time = time ?? TimeProvider.System;
        OwnFolder = all.Count > 1 ? all[0] : null;
        _now = RoleSet.Read(_folders, null);
        _looked = _time.GetTimestamp();
    }

    /// <summary>Where one's own roles lie; null where there are only those shipped.</summary>
    public string? OwnFolder { get; }

    /// <summary>Where the roles of specialists lie; empty where there are none.</summary>
    public string Specialists { get; }

    public IReadOnlyCollection<Role> All => [.. Now.Roles.Values];

    public IReadOnlyList<RoleProblem> Problems => Now.Problems;

    /// <summary>Another object whenever a role has changed.</summary>
    public object Version => Now;

    /// <summary>A role that is tried out may be in an agent's hands beside the one in effect. Forgotten at the next start: at worst a drift is told of until the trial is over.</summary>
    public void TryOut(string hash) => _triedOut[hash] = true;

    public bool IsTriedOut(string? hash) => hash is not null && _triedOut.ContainsKey(hash);

    public Role? Find(string? role) => role is null ? null : Now.Roles.GetValueOrDefault(role);

    public Role Get(string role) => Find(role) ?? throw Refusal.NotFound("role", role);

    /// <summary>Refuses a role that nobody has defined; null is any role.</summary>
    public void Require(string? role)
    {
        if (role is null || Find(role) is not null) return;
        throw new Refusal(400, ProblemCodes.UnknownRole, $"There is no role '{Refusal.Shorten(role)}'. The roles are {string.Join(", ", Now.Roles.Keys.Order(StringComparer.Ordinal))}; add your own as a Markdown file in the roles folder.");
    }

    /// <summary>The role that a task's labels ask for: the first label that a role claims.</summary>
    public string? ByLabels(IEnumerable<string> labels)
    {
        foreach (var label in labels)
            foreach (var role in Now.Roles.Values)
                if (role.Labels.Contains(label, StringComparer.OrdinalIgnoreCase)) return role.Name;
        return null;
    }

    /// <summary>Looks at the files at once, for whoever has just changed one.</summary>
    public void Look()
    {
        lock (_gate)
        {
            _looked = _time.GetTimestamp();
            if (!_now.IsCurrent(_folders)) _now = RoleSet.Read(_folders, _now);
        }
    }

    private RoleSet Now
    {
        get
        {
            if (_time.GetElapsedTime(Volatile.Read(ref _looked)) >= Glance) Look();
            return Volatile.Read(ref _now);
        }
    }
}

/// <summary>The roles as their files were at one moment.</summary>
internal sealed record RoleSet(IReadOnlyDictionary<string, Role> Roles, IReadOnlyList<RoleProblem> Problems, IReadOnlyList<FileMark> Marks)
{
    /// <summary>More files than anybody has roles: a folder that was named by mistake.</summary>
    private const int MostFiles = 500;

    public bool IsCurrent(IReadOnlyList<(string Folder, string Source)> folders) => Marks.SequenceEqual(folders.SelectMany(f => MarksOf(f.Folder)));

    public static RoleSet Read(IReadOnlyList<(string Folder, string Source)> folders, RoleSet? before)
    {
        Dictionary<string, Role> roles = new(StringComparer.OrdinalIgnoreCase);
        List<RoleProblem> problems = [];
        List<FileMark> marks = [];
        foreach (var (folder, source) in folders)
        {
            foreach (var mark in MarksOf(folder))
            {
                marks.Add(mark);
                if (Read(mark.File, source, before, problems) is { } role) roles.TryAdd(role.Name, role);
            }
        }

        return new RoleSet(roles, problems, marks);
    }

    private static Role? Read(string file, string source, RoleSet? before, List<RoleProblem> problems)
    {
        try
        {
            return RoleFile.Read(file, source);
        }
        catch (Exception wrong) when (wrong is RoleFault or IOException or UnauthorizedAccessException)
        {
            var last = before?.Roles.Values.FirstOrDefault(r => r.File == file);
            problems.Add(new RoleProblem
            {
                File = file,
                Line = (wrong as RoleFault)?.Line,
                Message = wrong.Message + (last is null ? "" : " Until it is mended, the role stays as it was."),
            });
            return last;
        }
    }

    private static IEnumerable<FileMark> MarksOf(string folder) => !Directory.Exists(folder) ? []
        : new DirectoryInfo(folder).EnumerateFiles("*.md").Where(f => f.Exists).OrderBy(f => f.Name, StringComparer.Ordinal).Take(MostFiles).Select(f => new FileMark(f.FullName, f.LastWriteTimeUtc, f.Length));
}

/// <summary>Tells a file from what it was.</summary>
internal sealed record FileMark(string File, DateTime Written, long Length);
