using System.CommandLine;
using System.Globalization;
using Muster.Contracts.Delivery;
using Muster.Contracts.Fleet;
using Muster.Terminals;

namespace Muster.Commands;

internal static class RoleCommand
{
    private static readonly Argument<string> Name = new("role") { Description = "Name of the role" };

    public static Command Create() => new Command("role", "What agents are for: instructions, tools, limits").With(
        new Command("list", "Every role, and files that define none although they should").Does(ListAsync),
        new Command("show", "One role with its text").With(Name).Does(ShowAsync),
        RoleNotesCommand.Create(),
        Propose(),
        new Command("retire", "End a specialist that an agent made, before its time").With(Name).Does(async call =>
        {
            var ended = await call.Muster.RetireSpecialistAsync(call.Get(Name), new RetireSpecialist(), ct: call.Stop);
            call.Terminal.Document(ended);
            call.Terminal.Line($"{Plain.Line(ended.Name)} is retired: it finishes what it holds");
        }));

    private static Command Propose()
    {
        var file = new Option<string>("--file", "-f") { Description = "The whole role as it should be: front matter and instructions", Required = true };
        var why = new Option<string>("--message", "-m") { Description = "What is wrong with it now, and what the change mends", Required = true };
        return new Command("propose", "A change of a role, or a new one, as a pull request that a person approves").With(Name, file, why).Does(async call =>
        {
            var text = await File.ReadAllTextAsync(call.Get(file)!, call.Stop);
            var pull = await call.Muster.ProposeRoleAsync(call.Get(Name), new ProposeRole { Text = text, Why = call.Get(why)! }, ct: call.Stop);
            call.Terminal.Document(pull);
            call.Terminal.Line($"{PullText.Name(pull)} proposes {Plain.Line(call.Get(Name))}: muster review show '{PullText.Name(pull)}', then approve or reject");
        });
    }

    private static async Task ListAsync(Call call)
    {
        var roles = await call.Muster.ListRolesAsync(call.Stop);
        call.Terminal.Document(roles);
        var grid = new Grid("ROLE", "TEAM", "FROM", "ROUTE", "LABELS", "OWES", "HASH");
        foreach (var role in roles.Roles)
            grid.Row(role.Name, role.Team, role.Source, role.Route ?? "smart", string.Join(' ', role.Labels), role.Evidence ?? "what the project asks for", Short(role.Hash));
        grid.WriteTo(call.Terminal, "No roles.");
        foreach (var problem in roles.Problems)
            call.Terminal.Fail($"{Plain.Line(problem.File)}{(problem.Line is { } line ? $":{line}" : "")}: {Plain.Line(problem.Message)}");
        if (roles.Folder is { } folder) call.Terminal.Note($"Your own: NAME.md in {Plain.Line(folder)}; one of the same name takes the place of a shipped one.");
    }

    private static async Task ShowAsync(Call call)
    {
        var role = await call.Muster.GetRoleAsync(call.Get(Name), call.Stop);
        call.Terminal.Document(role);
        var terminal = call.Terminal;
        terminal.Line($"{Plain.Line(role.Name)}  {Plain.Line(role.Team ?? "no team")}", Tone.Strong);
        terminal.Line($"from      {role.Source}: {Plain.Line(role.File)}");
        terminal.Line($"hash      {Short(role.Hash)}");
        terminal.Line($"labels    {Plain.Line(string.Join(", ", role.Labels))}");
        terminal.Line($"route     {Plain.Line(role.Route ?? "smart")}");
        terminal.Line($"tools     {(role.Tools is { } tools ? Plain.Line(string.Join(", ", tools)) : "all")}{(role.Mcp is { Count: > 0 } servers ? $"; servers {Plain.Line(string.Join(", ", servers))}" : "")}");
        terminal.Line($"limits    {Limits(role.Limits)}");
        terminal.Line($"owes      {Plain.Line(role.Evidence ?? "what the project asks for")}");
        if (role.Notes > 0) terminal.Line($"notes     {role.Notes} (muster role notes {Plain.Line(role.Name)})");
        terminal.Line();
        terminal.Line(Plain.Lines(role.Instructions));
    }

    internal static string Short(string hash) => hash.Length <= 12 ? hash : hash[..12];

    private static string Limits(RoleLimits? limits)
    {
        List<string> parts = [];
        if (limits?.Usd is { } usd) parts.Add(string.Create(CultureInfo.InvariantCulture, $"${usd:0.##}"));
        if (limits?.Tokens is { } tokens) parts.Add(string.Create(CultureInfo.InvariantCulture, $"{tokens:N0} tokens"));
        if (limits?.Calls is { } calls) parts.Add(string.Create(CultureInfo.InvariantCulture, $"{calls:N0} calls"));
        if (parts.Count > 0) parts[^1] += " a task";
        if (limits?.Turns is { } turns) parts.Add($"{turns} turns");
        if (limits?.Minutes is { } minutes) parts.Add($"{minutes} minutes an attempt");
        return parts.Count == 0 ? "none of its own" : string.Join(", ", parts);
    }
}
