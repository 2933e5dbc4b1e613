namespace Muster.Proof.Checking;

/// <summary>What a follower of the event stream saw against the log: the same events, none missing, none that later was not there.</summary>
public static class EventStream
{
    public static IEnumerable<Breach> Check(IReadOnlyList<EventFacts> log, IReadOnlyList<(long Seq, string Id)> seen)
    {
        var bySeq = log.ToDictionary(e => e.Seq, e => e.Id);
        for (var i = 0; i < seen.Count; i++)
        {
            if (i > 0 && seen[i].Seq != seen[i - 1].Seq + 1) yield return new Breach(Rules.StreamDisagrees, $"the stream went from event {seen[i - 1].Seq} to {seen[i].Seq}");
            if (bySeq.GetValueOrDefault(seen[i].Seq) != seen[i].Id) yield return new Breach(Rules.StreamDisagrees, $"the stream told event {seen[i].Seq} as {seen[i].Id} and the log has {bySeq.GetValueOrDefault(seen[i].Seq) ?? "none"}");
        }
    }
}
