using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Tests.Storage;

[Trait("req", "B11")]
public sealed class LeadershipTests
{
    /// <summary>The store said that this plane leads, and the answer was longer on its way than it holds.</summary>
    [Fact]
    public void An_answer_that_came_too_late_is_no_lead_and_the_next_one_is()
    {
        var lead = new Leadership();
        lead.Take(3, TimeSpan.FromMinutes(1));
        Assert.Equal(3, lead.Term);
        lead.Take(3, TimeSpan.FromMilliseconds(-300));
        Assert.Null(lead.Term);
        lead.Take(4, TimeSpan.Zero);
        Assert.Null(lead.Term);
        lead.Take(4, TimeSpan.FromMinutes(1));
        Assert.Equal(4, lead.Term);
    }
}
