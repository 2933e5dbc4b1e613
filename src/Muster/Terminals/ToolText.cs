using Muster.Contracts.Tools;

namespace Muster.Terminals;

/// <summary>A version of a tool for whoever is to approve it: what it asks for first, the source last.</summary>
internal static class ToolText
{
    public static void Write(Terminal terminal, ToolInfo tool, ToolVersionInfo version)
    {
        var manifest = version.Package.Manifest;
        terminal.Line($"{version.Name} version {version.Version}: {version.Status}{(version.Testing ? ", its tests are under way" : "")}{(version.Reason is null ? "" : $". {Plain.Line(version.Reason)}")}");
        terminal.Line(tool.ApprovedVersion is { } approved ? $"Agents have version {approved}." : "Agents do not have it.");
        terminal.Line($"By {Plain.Line(version.CreatedBy)}{(version.TaskKey is null ? "" : $" on {version.TaskKey}")}, {Words.Ago(version.CreatedAt)}.{(version.ApprovedBy is null ? "" : $" Approved by {Plain.Line(version.ApprovedBy)}.")}");
        terminal.Line($"Hash {version.Hash}");
        terminal.Line();
        terminal.Block(Plain.Lines(manifest.Description));
        terminal.Line();
        var asks = ToolPermissions.IsNone(manifest.Permissions);
        terminal.Line($"Asks for: {Asks(manifest.Permissions)}", asks ? Tone.Good : Tone.Warn);
        terminal.Line($"Limits: {manifest.Limits.Seconds} s, {manifest.Limits.OutputBytes} bytes of output, {manifest.Limits.MemoryMb} MiB of memory");
        foreach (var finding in version.Findings)
            terminal.Line($"  line {finding.Line} seems to touch {finding.Kind}: {Plain.Line(finding.What)}{(finding.Declared ? "" : " (not asked for)")}", finding.Declared ? Tone.Faint : Tone.Warn);
        terminal.Line();
        WriteTests(terminal, version);
        terminal.Line();
        terminal.Block(Plain.Lines(version.Package.Source));
        if (version.Status == ToolStates.Tested) terminal.Note($"Approve exactly this: muster tool approve {version.Name} --version {version.Version} --hash {version.Hash}");
    }

    private static void WriteTests(Terminal terminal, ToolVersionInfo version)
    {
        var grid = new Grid("TEST", "RESULT", "TOOK", "");
        foreach (var test in version.Package.Tests)
        {
            var result = version.Results?.FirstOrDefault(one => one.Name == test.Name);
            grid.Row(test.Name, result is null ? new Cell("not run yet", Tone.Faint) : result.Passed ? new Cell("passed", Tone.Good) : new Cell("failed", Tone.Bad), result is null ? "" : $"{result.Milliseconds} ms", result?.Detail);
        }

        grid.WriteTo(terminal, "");
    }

    private static string Asks(ToolPermissions permissions)
    {
        if (ToolPermissions.IsNone(permissions)) return "nothing";
        List<string> asks = [];
        if (permissions.Files != ToolFiles.None) asks.Add(permissions.Files == ToolFiles.Read ? "reading the workspace" : "changing the workspace");
        if (permissions.Network.Count > 0) asks.Add("network: " + string.Join(", ", permissions.Network));
        if (permissions.Programs.Count > 0) asks.Add("programs: " + string.Join(", ", permissions.Programs));
        return string.Join("; ", asks);
    }
}
