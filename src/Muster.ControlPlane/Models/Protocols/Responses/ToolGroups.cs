namespace Muster.ControlPlane.Models.Protocols.Responses;

/// <summary>Tools in a namespace have one flat name elsewhere.</summary>
internal static class ToolGroups
{
    private const string Between = "__";

    public static string Flat(string? group, string name) => string.IsNullOrEmpty(group) ? name : group.EndsWith(Between, StringComparison.Ordinal) ? group + name : group + Between + name;

    /// <summary>The name within its group.</summary>
    public static string Own(ToolForm tool)
    {
        if (string.IsNullOrEmpty(tool.Group)) return tool.Name;
        var before = Flat(tool.Group, "");
        return tool.Name.StartsWith(before, StringComparison.Ordinal) ? tool.Name[before.Length..] : tool.Name;
    }
}
