using Muster.Contracts.Delivery;
using Muster.Runner.Git;

namespace Muster.Runner.Deployments;

public sealed record DeployRequest
{
    public required string ProjectId { get; init; }
    public required string Sha { get; init; }
    public required DeployDefinition Definition { get; init; }

    /// <summary>Null when the release must be on this host already.</summary>
    public GitRemote? Remote { get; init; }

    public string Key => $"{ProjectId}/{Definition.Environment}";
}

/// <param name="Outcome"><c>passed</c>: it serves now; <c>failed</c>: what served before still does; <c>error</c>: it could not be tried.</param>
/// <param name="Detail">Why not, in a sentence.</param>
/// <param name="Url">Where it answers.</param>
/// <param name="Health">What the health check answered last.</param>
/// <param name="Output">What build and instance wrote until then.</param>
public sealed record DeployResult(string Outcome, string? Detail, string? Url, HealthAnswer? Health, string Output);

/// <param name="Status">HTTP status; null when there was no answer.</param>
/// <param name="Body">Its beginning, at most 4,096 characters; the reason when there was no answer.</param>
public sealed record HealthAnswer(int? Status, string Body)
{
    public bool Ok => Status is >= 200 and < 300;
}
