namespace Muster.ControlPlane.Models.Protocols;

/// <summary>Turns that alternate: what one side says in a row is one turn.</summary>
internal sealed class TurnList
{
    private readonly List<(TurnRole Role, List<Part> Parts)> _turns = [];

    public void Add(TurnRole role, IReadOnlyList<Part> parts)
    {
        if (parts.Count == 0) return;
        if (_turns.Count == 0 || _turns[^1].Role != role) _turns.Add((role, []));
        _turns[^1].Parts.AddRange(parts);
    }

    public List<Turn> ToList() => [.. _turns.Select(t => new Turn(t.Role, t.Parts))];
}
