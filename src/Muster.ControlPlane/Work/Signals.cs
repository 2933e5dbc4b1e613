using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>A task became ready: somebody who waits for one may ask.</summary>
public sealed record TaskBecameReady(ReadyTask Task) : Signal
{
    /// <summary>Whether it was offered to somebody in the very transaction that made it ready.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool Offered { get; set; }
}

/// <summary>A task waits for a time: the timer should know the earliest.</summary>
public sealed record TaskDue(long At) : Signal;

/// <summary>A task entered review or something it waits for there has changed.</summary>
public sealed record ReviewMoved(string TaskId) : Signal;

/// <summary>A lease was given.</summary>
public sealed record LeaseOpened(string AssignmentId, string TaskId, string AgentId, int Epoch, int LeaseSeconds) : Signal
{
    public override bool IsLocal => true;
}

/// <summary>A lease has ended, however.</summary>
public sealed record LeaseClosed(string AssignmentId, string TaskId, string ProjectId, int Epoch) : Signal
{
    public override bool IsLocal => true;
}
