using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Delivery;

/// <summary>A job began to wait, was given out or ended.</summary>
public sealed record JobMoved(string JobId, string ProjectId, string State) : Signal;

/// <summary>A plane keeps the time of a job's lease from now on: its host claimed it there, or came there.</summary>
public sealed record JobKept(string JobId, int Epoch, string? HostId, string PlaneId) : Signal;

/// <summary>The line before a target has changed.</summary>
public sealed record QueueMoved(string ProjectId, string Target) : Signal;

/// <summary>A target branch of a mirror points elsewhere now.</summary>
public sealed record TargetMoved(string ProjectId, string Sha) : Signal;
