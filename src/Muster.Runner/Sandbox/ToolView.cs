namespace Muster.Runner.Sandbox;

/// <summary>What a tool sees: its own code, the programs it may start, and what it was permitted. No network but its gate, no home, no process but its own.</summary>
public sealed record ToolView
{
    /// <summary>Folder of its code, seen as <see cref="ToolWalls.Code"/>; it can only be read.</summary>
    public required string Code { get; init; }

    /// <summary>Names of the programs it finds.</summary>
    public required IReadOnlyList<string> Programs { get; init; }

    /// <summary>Folder that it may write its result to, seen as <see cref="ToolWalls.Result"/>.</summary>
    public string? Result { get; init; }

    /// <summary>Seen as <see cref="ToolWalls.Workspace"/>, when it may see one.</summary>
    public string? Workspace { get; init; }
    public bool MayWrite { get; init; }

    /// <summary>More that it may read, at its own path.</summary>
    public IReadOnlyList<string> ReadOnly { get; init; } = [];

    /// <summary>Folder of its way to the network, when it may have one, as <see cref="GateFolder"/> fills it; seen as <see cref="ToolWalls.Gate"/>.</summary>
    public string? Gate { get; init; }
}
