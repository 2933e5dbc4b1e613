using System.Globalization;
using Muster.Bench;
using Muster.Bench.Benchmarks;
using Muster.Bench.Servers;

if (args is ["nothing"]) return 0;
if (args is ["bare-kestrel"]) return await BareKestrel.RunAsync();
if (args is ["bare-provider"]) return await BareProvider.RunAsync();
if (args is ["quartz", var address, var jobs]) return await QuartzPeer.RunAsync(address, int.Parse(jobs, CultureInfo.InvariantCulture));
if (args is ["seed", var folder, var tasks, .. var store]) return await Seed.RunAsync(folder, int.Parse(tasks, CultureInfo.InvariantCulture), store.FirstOrDefault());
if (args is ["seed-years", var into, var done, .. var years]) return await Years.RunAsync(into, int.Parse(done, CultureInfo.InvariantCulture), years.FirstOrDefault());
Environment.SetEnvironmentVariable(Child.InlineCompletions, "1");

return await Runner.RunAsync(
[
    Throughput.Embedded,
    Throughput.Postgres,
    Snapshot.Benchmark,
    Wakeup.Benchmark,
    Heartbeats.Benchmark,
    Presence.Benchmark,
    Growth.Benchmark,
    AfterYears.Benchmark,
    Graph.Benchmark,
    Streams.Benchmark,
    Starting.Benchmark,
    HttpRequests.Benchmark,
    Gateway.Benchmark,
    Dashboard.Benchmark,
    Leak.Benchmark,
], args);
