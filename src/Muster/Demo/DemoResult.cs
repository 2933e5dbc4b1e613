namespace Muster.Demo;

/// <summary>What the demo did, as its <c>--json</c> document. Times are seconds.</summary>
internal sealed record DemoResult
{
    /// <summary>Whether all tasks are done, their commits are in the target, and the service is healthy.</summary>
    public required bool Ok { get; init; }
    public required IReadOnlyList<DemoTask> Tasks { get; init; }
    public required DemoTarget Target { get; init; }
    public DemoHealth? Health { get; init; }
    public DemoKill? Killed { get; init; }

    /// <summary>What the ledger says of all model calls.</summary>
    public required DemoSpent Models { get; init; }

    /// <summary>Answers in the recording that was asked for.</summary>
    public int? Recorded { get; init; }

    /// <summary>Pull requests that a person approved.</summary>
    public required IReadOnlyList<string> Approved { get; init; }

    /// <summary>What keeps <see cref="Ok"/> from being true, in sentences.</summary>
    public required IReadOnlyList<string> Missing { get; init; }
    public required double Seconds { get; init; }
    public required string Data { get; init; }
    public required string Repository { get; init; }
    public required string Server { get; init; }
    public required string Note { get; init; }
}

internal sealed record DemoTask
{
    public required string Key { get; init; }
    public required string Title { get; init; }
    public string? Agent { get; init; }
    public required int Attempts { get; init; }

    /// <summary>The commit by which it came into the target.</summary>
    public string? Commit { get; init; }

    /// <summary>What the plane has verified, such as <c>test(pass)</c>.</summary>
    public required IReadOnlyList<string> Evidence { get; init; }
    public double? Seconds { get; init; }
    public required string Status { get; init; }
    public required bool Rehearsal { get; init; }

    /// <summary>Calls of models in the ledger.</summary>
    public required long Calls { get; init; }
    public required long Tokens { get; init; }
}

internal sealed record DemoSpent(long Calls, long TokensIn, long TokensOut, double Usd);

internal sealed record DemoTarget
{
    public required string Branch { get; init; }
    public required string Head { get; init; }
    public required IReadOnlyList<DemoCommit> Commits { get; init; }
}

internal sealed record DemoCommit(string Sha, string Subject, IReadOnlyDictionary<string, string> Trailers);

internal sealed record DemoHealth(string Url, int Status, string Body);

internal sealed record DemoKill(string Agent, int Pid, string Task);
