using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Conformance.Servers;
using Muster.Contracts.Conversations;
using Muster.Contracts.Work;
using Muster.ControlPlane.Fleet.Roles;
using Muster.ControlPlane.Models;
using Muster.Integrations.Postgres;

namespace Muster.Conformance.Planes;

/// <summary>Two planes on one store: only the one that leads thinks about goals, and the other takes over what it was thinking about (B5).</summary>
[Trait("req", "B5")]
public sealed class ChiefPlanesTests
{
    private const string Plan =
        """
        {"say":"One step.","preference":null,"plan":{"goal":"It works","project":{"key":"FLT","repository":null,"name":null},"epics":[],"risks":[],"questions":[],"budgetUsd":null,
         "tasks":[{"number":1,"title":"Do it","description":"Do it.","epic":null,"role":"seed","labels":[],"priority":3,"after":[],"contract":"research","hours":1,"budgetUsd":null,"needsApproval":null}]}}
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Only_the_leader_thinks_and_the_next_leader_goes_on()
    {
        var database = PostgresAddress.Parse(await SharedPostgres.DatabaseAsync());
        using var roles = new ScratchFolder();
        await File.WriteAllTextAsync(Path.Combine(roles.Path, "seed.md"), "---\nteam: research\nlabels: [seed]\n---\n\nYou take what nobody else takes.\n", TestContext.Current.CancellationToken);
        using var firstFolder = new ScratchFolder();
        using var secondFolder = new ScratchFolder();
        var first = new Model();
        var second = new Model();
        var leader = await StartAsync(database, firstFolder, roles, first);
        var left = false;
        try
        {
            await using var follower = await StartAsync(database, secondFolder, roles, second);
            await follower.Client.CreateProjectAsync(new CreateProject { Name = "Fleet", Key = "FLT" });
            // Said to the plane that does not lead; thought about by the one that does.
            first.Answer = _ => Task.FromResult(Plan);
            await follower.Client.SayAsync(new SayRequest { Text = "Build it" });
            await UntilAsync(follower, "G-1", GoalState.WaitingApproval);
            Assert.Equal((1, 0), (first.Calls, second.Calls));
            Assert.Single((await follower.Client.ApproveGoalAsync("G-1")).Tasks);

            // The leader goes away in the middle of a thought.
            var thinking = new TaskCompletionSource();
            first.Answer = async ct =>
            {
                thinking.TrySetResult();
                await Task.Delay(System.Threading.Timeout.Infinite, ct);
                return "";
            };
            second.Answer = _ => Task.FromResult(Plan);
            await follower.Client.SayAsync(new SayRequest { Text = "Build another", Approval = PlanApprovals.Auto });
            await thinking.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
            Assert.Equal(0, second.Calls);
            left = true;
            await leader.DisposeAsync();
            var taken = await UntilAsync(follower, "G-2", GoalState.Running);
            Assert.Single(taken.Tasks);
            Assert.Equal((2, 1), (first.Calls, second.Calls));
            Assert.Equal(2, (await follower.Client.ListTasksAsync(ct: TestContext.Current.CancellationToken)).Items.Count);
        }
        finally
        {
            if (!left) await leader.DisposeAsync();
        }
    }

    private static async Task<TestPlane> StartAsync(PostgresAddress database, ScratchFolder folder, ScratchFolder roles, Model model)
    {
        var store = await PostgresStore.OpenAsync(database, TimeProvider.System, NullLogger.Instance);
        return await TestPlane.StartAsync(folder.Path, _ => store, services =>
            services.Replace(ServiceDescriptor.Singleton<IModels>(model)).Replace(ServiceDescriptor.Singleton(new RoleCatalog([roles.Path]))));
    }

    private static async Task<GoalInfo> UntilAsync(TestPlane plane, string key, string state)
    {
        GoalInfo? goal = null;
        await Until.HoldsAsync(async () => ((goal = await plane.Client.GetGoalAsync(key)).State == state, JsonSerializer.Serialize(goal, Contracts.Wire.Json)), Patience);
        return goal!;
    }

    private sealed class Model : IModels
    {
        private int _calls;

        public Func<CancellationToken, Task<string>> Answer { get; set; } = _ => throw new InvalidOperationException("This plane was not to think.");

        public int Calls => Volatile.Read(ref _calls);

        public string? WhyNot(string route) => null;

        public async Task<ModelReply> AskAsync(ModelQuestion question, CancellationToken ct)
        {
            Interlocked.Increment(ref _calls);
            return new ModelReply { Text = await Answer(ct), Provider = "test", Model = "test", TokensIn = 1, TokensOut = 1 };
        }
    }
}
