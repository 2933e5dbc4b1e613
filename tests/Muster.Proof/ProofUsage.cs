namespace Muster.Proof;

/// <summary>What <c>--help</c> says.</summary>
internal static class ProofUsage
{
    public const string Text =
        """
        ./muster chaos [options]    a real plane and agents, killed and frozen at random moments; then every rule is checked
          --kills N --effects N --minutes N    it goes on until so many kills and effects (40, 3000), and no longer than this (60)
          --processes N --agents N --batch N   processes of agents (3), agents in each (4), tasks a claim (8)
          --pace MS --agent-pace MS            longest time between two kills of a plane (1200), of an agent (twice that)
          --lease S --forgetful N --given-back N    seconds of a lease (2); of 1,000 tasks so many kept past it (3) and given back (10)
          --store postgres --planes N --bus nats --state redis --host    on servers, which are killed as well
          --network | --packets | --disk       connections cut and delayed; packets lost; the disk full
          --plant NAME                         a planted bug, to see it caught
          --check DIR                          checks what a run has left, once more
        ./muster points [options]   kills the plane at each write and flush of create, claim and complete
          --most N --store postgres
        ./muster fuzz [options]     asks a running plane everything that its OpenAPI document describes, rightly and wrongly
          --requests N                         (5000)
        ./muster sim [options]      the core with a clock of its own, many histories a second
          --seeds N --agents N --tasks N --steps N --plant NAME    (200, or 1 with --seed; 3, 8, 90)

        all:  --seed N    what is drawn; printed by each run, and repeats it
              --out DIR   where the evidence goes (a temporary folder)
              --json      the result as one JSON document on standard output

        Exit code 0: no rule was broken; 1: one was, or it was stopped; 2: it was called wrongly. docs/reliability.md tells what each does.
        """;
}
