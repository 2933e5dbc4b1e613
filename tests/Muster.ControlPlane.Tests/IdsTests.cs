using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Tests;

public sealed class IdsTests
{
    [Fact]
    public void Ids_rise_strictly_also_when_many_are_made_at_once()
    {
        var ids = Enumerable.Range(0, 50_000).Select(_ => Ids.New()).ToList();
        Assert.Equal(ids.Order(StringComparer.Ordinal), ids);
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.All(ids.Take(100), id => Assert.Equal(7, Guid.Parse(id).Version));
    }
}
