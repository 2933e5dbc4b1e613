namespace Muster.Dashboard.Live;

/// <summary>
/// Pages that are drawn anew at once, for all viewers together: two for each processor. However many look, memory is bounded, and whoever
/// opens a page or sends a form finds a processor.
/// </summary>
internal sealed class Drawings() : SemaphoreSlim(2 * Environment.ProcessorCount);
