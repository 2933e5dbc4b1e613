using System.Globalization;
using Muster.Client;
using Muster.Contracts.Fleet;
using Muster.Runner.Builtin;
using Muster.Runner.Builtin.Tools;
using Muster.Runner.Executors;

namespace Muster.Runner.Agents;

/// <summary>Making and retiring specialists, for attempts in a role that may (B6). The plane decides; each call carries the attempt's lease.</summary>
internal sealed class SpecialistTools(MusterClient muster) : IToolSource
{
    public string Name => "the fleet";

    public Task<IToolSession> OpenAsync(Attempt attempt, CancellationToken cancellation) =>
        Task.FromResult<IToolSession>(new PlaneToolSession(attempt.Role is { Spawns: true } ? Tools(CallOptions.ForLease(attempt.Gateway.Key)) : []));

    private IReadOnlyList<AgentTool> Tools(CallOptions lease) =>
    [
        AgentTool.Create("spawn_specialist", "Makes an agent with a role of its own for a kind of work that comes back and that nobody's craft fits. It has a budget and an end, works in this project through the plane like everyone else, and can do no more than you.",
            [
                new("name", "string", "Of the agent and its role: letters, digits and '-'"),
                new("why", "string", "What kind of work it is for"),
                new("instructions", "string", "Its role: what it owes, how it works, what it must not do. Markdown"),
                new("usd", "string", $"The most it may cost in US dollars, up to {SpecialistLimits.UsdOfOneTask:0}"),
                new("tokens", "integer", "The most tokens it may use"),
                new("hours", "integer", $"Its life, up to {SpecialistLimits.Hours:0}"),
                new("tools", "strings", "Tools it may use; yours when left out", Required: false),
                new("tasks", "strings", "What it does first, one text a task: a title in the first line, the description below", Required: false),
            ], (arguments, ct) => SpawnAsync(arguments, lease, ct)),
        AgentTool.Create("retire_specialist", "Ends a specialist that you made: it finishes what it holds, and what waits for it goes back to Seed.",
            [new("name", "string", "Its name"), new("reason", "string", "Why", Required: false)], (arguments, ct) => RetireAsync(arguments, lease, ct)),
    ];

    private async Task<string> SpawnAsync(ToolArguments arguments, CallOptions lease, CancellationToken cancellation)
    {
        if (!double.TryParse(arguments.Text("usd"), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var usd)) throw new ToolFailureException("'usd' is a number such as 2.5.");
        var tools = arguments.Texts("tools");
        var made = await muster.SpawnSpecialistAsync(new SpawnSpecialist
        {
            Name = arguments.Text("name"),
            Why = arguments.Text("why"),
            Instructions = arguments.Text("instructions"),
            Tools = tools.Count == 0 ? null : tools,
            LimitUsd = usd,
            LimitTokens = arguments.Number("tokens", 0, 0, int.MaxValue),
            Hours = arguments.Number("hours", 0, 0, 10_000),
            Tasks = [.. arguments.Texts("tasks").Select(First)],
        }, lease, cancellation);
        return $"Made {made.Name}; it ends at {made.EndsAt:u}.{(made.Tasks is { Count: > 0 } tasks ? $" Its tasks: {string.Join(", ", tasks)}." : "")} Tasks with the role '{made.Name}' are its.";
    }

    private async Task<string> RetireAsync(ToolArguments arguments, CallOptions lease, CancellationToken cancellation)
    {
        var ended = await muster.RetireSpecialistAsync(arguments.Text("name"), new RetireSpecialist { Reason = arguments.OptionalText("reason") }, lease, cancellation);
        return $"{ended.Name} is retired.";
    }

    private static SpecialistTask First(string text)
    {
        var end = text.Trim().IndexOf('\n', StringComparison.Ordinal);
        return end < 0 ? new SpecialistTask(text.Trim(), null) : new SpecialistTask(text.Trim()[..end].Trim(), text.Trim()[(end + 1)..].Trim());
    }
}
