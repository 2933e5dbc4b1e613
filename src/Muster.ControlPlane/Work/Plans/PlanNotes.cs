using Muster.Contracts.Work;

namespace Muster.ControlPlane.Work.Plans;

/// <summary>What is to be said about a plan, gathered while it is read.</summary>
internal sealed class PlanNotes
{
    /// <summary>So that ranges in a crafted plan cannot name more than a plan can hold.</summary>
    public const int MostDependencies = 100_000;

    private readonly List<PlanFinding> _mismatches = [];
    private readonly List<PlanFinding> _notUnderstood = [];
    private readonly List<PlanFinding> _errors = [];
    private int _dependencies;

    public IReadOnlyList<PlanFinding> Mismatches => InOrder(_mismatches);
    public IReadOnlyList<PlanFinding> Unread => InOrder(_notUnderstood);
    public IReadOnlyList<PlanFinding> Errors => InOrder(_errors);

    public void Mismatch(int? line, string text) => _mismatches.Add(new PlanFinding { Line = line, Text = text });

    public void NotUnderstood(int line, string text) => _notUnderstood.Add(new PlanFinding { Line = line, Text = text });

    public void Error(int? line, string text) => _errors.Add(new PlanFinding { Line = line, Text = text });

    public bool MayDepend(int line)
    {
        if (_dependencies++ < MostDependencies) return true;
        if (_dependencies == MostDependencies + 1) Error(line, $"the plan names more than {MostDependencies:N0} dependencies; split it");
        return false;
    }

    private static List<PlanFinding> InOrder(List<PlanFinding> findings) => [.. findings.OrderBy(finding => finding.Line ?? 0)];
}
