namespace Muster.Runner.Sandbox;

/// <summary>What a command sees of the machine, beside the system's own programs and libraries.</summary>
public sealed record SandboxView
{
    /// <summary>The one folder it may change, at its own path.</summary>
    public required string Folder { get; init; }

    /// <summary>Seen as its home.</summary>
    public required string Home { get; init; }

    /// <summary>Seen as <c>/tmp</c>.</summary>
    public required string Temporary { get; init; }

    /// <summary>More that it may read, at its own path; also below <see cref="Folder"/>, where it then cannot be changed.</summary>
    public IReadOnlyList<string> ReadOnly { get; init; } = [];

    /// <summary>More that it may change, at its own path.</summary>
    public IReadOnlyList<string> Writable { get; init; } = [];

    /// <summary>Whether it shares the machine's network, loopback among it; else it has none at all.</summary>
    public bool Network { get; init; }
}
