using Muster.Client;
using Muster.Contracts.Delivery;
using Muster.Runner.Builtin;
using Muster.Runner.Builtin.Tools;
using Muster.Runner.Executors;

namespace Muster.Runner.Agents;

/// <summary>Reading roles and proposing changes of them, for attempts of Seed (B6). The plane admits each call by the attempt's lease; a person decides.</summary>
internal sealed class ProposalTools(MusterClient muster) : IToolSource
{
    private const string Seed = "seed";

    public string Name => "the roles";

    public Task<IToolSession> OpenAsync(Attempt attempt, CancellationToken cancellation) =>
        Task.FromResult<IToolSession>(new PlaneToolSession(attempt.Role is { Name: Seed } ? Tools(CallOptions.ForLease(attempt.Gateway.Key)) : []));

    private IReadOnlyList<AgentTool> Tools(CallOptions lease) =>
    [
        AgentTool.Create("show_role", "Shows the whole file of a role: its settings and its instructions.",
            [new("name", "string", "Its name, such as backend-engineer")], async (arguments, ct) =>
            {
                var role = await muster.GetRoleAsync(arguments.Text("name"), ct);
                return role.Text ?? role.Instructions ?? "";
            }),
        AgentTool.Create("propose_role", "Proposes a change of a role, or a new one, as a pull request. Nothing changes until a person approves it. Say what went wrong with the role as it is, and on which tasks.",
            [
                new("name", "string", "Of the role"),
                new("text", "string", "The whole file as it should be, front matter and instructions; show_role has it as it is"),
                new("why", "string", "What is wrong now, what the change mends, and which tasks show it"),
            ], async (arguments, ct) =>
            {
                var pull = await muster.ProposeRoleAsync(arguments.Text("name"), new ProposeRole { Text = arguments.Text("text"), Why = arguments.Text("why") }, lease, ct);
                return $"{pull.Project}!{pull.Number} waits for a person. Go on without it.";
            }),
    ];
}
