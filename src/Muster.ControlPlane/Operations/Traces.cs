using System.Diagnostics;

namespace Muster.ControlPlane.Operations;

/// <summary>
/// What the plane tells to whoever traces it. Names are OpenTelemetry's (semantic conventions for generative AI); nothing here holds
/// a prompt, an answer or a secret. While nobody listens, nothing is made.
/// </summary>
public static class Traces
{
    /// <summary>Name of the source.</summary>
    public const string Name = "Muster";

    public static readonly ActivitySource Source = new(Name, Product.Version);
}
