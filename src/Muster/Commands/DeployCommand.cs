using System.CommandLine;
using Muster.Client;
using Muster.Contracts.Delivery;
using Muster.Terminals;

namespace Muster.Commands;

internal static class DeployCommand
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(300);

    public static Command Create()
    {
        var project = new Argument<string?>("project") { Description = "Key of the project; the only one when left out", Arity = ArgumentArity.ZeroOrOne };
        var environment = new Argument<string>("environment") { Description = "Environment from its muster.yaml", Arity = ArgumentArity.ZeroOrOne, DefaultValueFactory = _ => "dev" };
        var revision = new Option<string?>("--revision") { Description = "A commit or branch; the target's newest commit when left out" };
        return new Command("deploy", "Bring a commit into an environment and see that it is healthy; without arguments of its own: the only project to dev").With(project, environment, revision).Does(async call =>
        {
            var deployment = await call.Muster.CreateDeploymentAsync(new CreateDeployment
            {
                Project = call.Get(project!) ?? await TaskAdd.OnlyProjectAsync(call),
                Environment = call.Get(environment),
                Revision = call.Get(revision),
            }, ct: call.Stop);
            call.Terminal.Note($"{deployment.Project}: {Words.Sha(deployment.Sha)} to {deployment.Environment} ...");
            deployment = await EndAsync(call.Muster, deployment, call.Stop);
            call.Terminal.Document(deployment);
            var healthy = deployment.State == DeploymentState.Healthy;
            call.Terminal.Line($"{deployment.Environment}: {deployment.State}{(deployment.Url is { } url ? $" at {Plain.Line(url)}" : "")}{(deployment.HealthStatus is { } status ? $", {Plain.Line(deployment.Definition.HealthPath)} answered {status} {Plain.Fit(deployment.HealthBody, 200)}" : "")}", healthy ? Tone.Good : Tone.Bad);
            if (!healthy && deployment.Detail is { } detail) call.Terminal.Note(detail);
            return healthy ? ExitCodes.Done : ExitCodes.Failed;
        });
    }

    /// <summary>Waits until a deployment is decided.</summary>
    internal static async Task<DeploymentInfo> EndAsync(MusterClient muster, DeploymentInfo deployment, CancellationToken stop)
    {
        while (deployment.State is DeploymentState.Waiting or DeploymentState.Deploying)
        {
            await Task.Delay(Period, stop);
            deployment = await muster.GetDeploymentAsync(deployment.Id, stop);
        }

        return deployment;
    }
}
