namespace Muster.ControlPlane.Delivery.Git;

/// <summary>Which refs an assignment may change: its own branch and its own half-done work. Pure.</summary>
public static class PushRules
{
    /// <summary>Why a command is refused; null when it is allowed.</summary>
    public static string? Refuse(PushCommand command, string agent, string taskKey, int epoch)
    {
        if (command.Deletes) return "refs are not deleted by agents";
        if (!GitText.IsRef(command.Ref)) return "not a valid name";
        if (command.Ref == BranchNames.WipRef(taskKey, epoch)) return null;
        if (command.Ref.StartsWith(BranchNames.Heads, StringComparison.Ordinal) && BranchNames.IsOwn(command.Ref[BranchNames.Heads.Length..], agent, taskKey)) return null;
        return "this lease may push only its own branch and its own wip ref";
    }
}
