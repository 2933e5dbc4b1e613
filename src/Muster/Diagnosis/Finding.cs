namespace Muster.Diagnosis;

/// <summary>One thing looked at. <paramref name="Status"/> is <c>ok</c>, <c>warn</c> or <c>fail</c>.</summary>
internal sealed record Finding(string Name, string Status, string Detail);
