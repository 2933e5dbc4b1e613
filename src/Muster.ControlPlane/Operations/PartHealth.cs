namespace Muster.ControlPlane.Operations;

/// <summary>How a part is that the plane can do without, and in one sentence why. The sentence may be shown to anybody: no secrets.</summary>
public sealed record PartHealth(bool IsHealthy, string Detail)
{
    public static PartHealth Healthy(string detail) => new(true, detail);

    public static PartHealth Degraded(string detail) => new(false, detail);
}
